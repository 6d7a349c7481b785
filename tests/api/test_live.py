"""The live stream: a snapshot, then deltas; no gap on resuming; nobody waited for; alive whatever the database does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from api import live, run
from api.live import Channel
from simulators.servers.proxy import Proxy
from tests.api.messages import Hand, hand_on
from tests.api.serving import NOW, Served, serving, streaming
from tests.conftest import OwnDatabase

Eventually = Callable[..., object]


def let_in(hand: Hand, count: int = 1) -> None:
    """Somebody passes a gate: the tile `people` changes."""
    hand.now += timedelta(milliseconds=1)
    hand.pass_by("g1", "in", hand.now, count)
    hand.write()


def channel(served: Served) -> Channel:
    (found,) = served.app.state.context.hub._channels.values()
    assert isinstance(found, Channel)
    return found


def test_a_snapshot_comes_first_then_what_changes(hand: Hand, database: str) -> None:
    with serving(database) as api, streaming(api, "/api/v1/live?park=small") as stream:
        first = stream.next()
        assert (first["event"], first["data"]["build"]) == ("snapshot", api.app.state.context.build)
        assert first["data"]["tiles"].keys() == {
            *("park", "people", "screening", "power", "health", "spaces", "events", "sensors", "ingest", "intake"),
            "alarms",
        }
        assert first["data"]["tiles"]["people"]["data"]["in_park"] is None
        beat = stream.next()
        assert (beat["event"], beat["id"], beat["data"]["database"]) == ("heartbeat", None, "ok")
        begun = time.monotonic()
        let_in(hand, 7)
        people = stream.tile("people")
        assert time.monotonic() - begun < 2
        assert (people["data"]["in_park"], people["stale_after_s"]) == (7, 180)
        assert stream.last_id is not None


def test_the_overview_is_what_a_snapshot_carries(hand: Hand, database: str) -> None:
    let_in(hand, 3)
    with serving(database) as api:
        overview = api.ok("/api/v1/overview")
        with streaming(api) as stream:
            snapshot = stream.next("snapshot")["data"]
    assert overview.keys() == snapshot.keys()
    assert overview["tiles"].keys() == snapshot["tiles"].keys()
    assert overview["tiles"]["people"] == snapshot["tiles"]["people"]


@pytest.mark.parametrize("how", ["header", "parameter"])
def test_who_comes_back_misses_nothing_and_gets_nothing_twice(hand: Hand, database: str, how: str) -> None:
    with serving(database) as api, streaming(api) as steady:
        with streaming(api) as stream:
            stream.next("snapshot")
            let_in(hand)
            stream.tile("people")
            last = stream.last_id
        for _ in range(3):
            let_in(hand)
            steady.tile("people")
        path = "/api/v1/live" if how == "header" else f"/api/v1/live?last_event_id={last}"
        with streaming(api, path, last_id=last if how == "header" else None) as stream:
            while stream.last_id != steady.last_id:
                stream.next()
            returned = [e for e in stream.seen if e["id"]]
    assert all(e["event"] == "tile" for e in returned)
    whole = [e for e in steady.seen if e["event"] == "tile"]
    following = [e["id"] for e in whole].index(last) + 1
    assert returned == whole[following:]


@pytest.mark.parametrize("last", ["", "nonsense", "00000000-1", "{key}-999999", "{key}-x", "{key}-", "{key}-١"])
def test_an_id_that_is_not_ours_begins_anew(hand: Hand, database: str, last: str) -> None:
    with serving(database) as api:
        api.ok("/api/v1/overview")
        with streaming(api) as stream:
            stream.next("snapshot")
            mine = last.replace("{key}", channel(api).key)
            with streaming(api, last_id=mine) as again:
                assert again.next()["event"] == "snapshot"


def test_a_gap_that_the_ring_no_longer_covers_gives_a_snapshot(
    hand: Hand, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RING", 2)
    with serving(database) as api, streaming(api) as steady:
        steady.next("snapshot")
        old = steady.last_id
        for _ in range(3):
            let_in(hand)
            steady.tile("people")
        with streaming(api, last_id=old) as stream:
            first = stream.next()
            assert first["event"] == "snapshot"
            assert first["data"]["tiles"]["people"]["data"]["in_park"] == 3


def closed_as_slow() -> float:
    return REGISTRY.get_sample_value("park_api_live_closed_total", {"why": "slow"}) or 0.0


def test_a_slow_client_is_closed_and_nobody_waits_for_it(
    hand: Hand, database: str, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "UNREAD_MS", 3000)
    with serving(database) as api, socket.socket() as slow:
        before = closed_as_slow()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", api.port))
        slow.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: api.app.state.context.hub._channels and channel(api).clients, what="the client")
        (client,) = channel(api).clients
        loop, large = api.app.state.context.hub._loop, b": " + b"x" * 500_000 + b"\n\n"

        def flood() -> bool:
            for _ in range(10):
                loop.call_soon_threadsafe(channel(api).offer, large)
            return client.why is not None

        eventually(flood, what="the queue to be full")
        assert (client.why, len(client._queue)) == ("slow", 0)
        with streaming(api) as healthy:
            healthy.next("snapshot")
            let_in(hand, 5)
            assert healthy.tile("people")["data"]["in_park"] == 5
        # What was already handed to the kernel is given up by the kernel: nothing of the client remains.
        eventually(lambda: closed_as_slow() == before + 1, within=15, what="its connection to be cut")


def test_a_heartbeat_comes_at_every_interval(hand: Hand, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.HEARTBEAT_S == 5
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.5)
    with serving(database) as api, streaming(api) as stream:
        times = [stream.next("heartbeat")["data"]["now"] for _ in range(4)]
    assert times == sorted(set(times))


def test_streams_live_through_a_restart_of_the_database(own_database: OwnDatabase) -> None:
    with serving(own_database.url) as api:
        with hand_on(own_database.url, NOW) as hand:
            let_in(hand)
        with streaming(api) as stream:
            assert stream.next("snapshot")["data"]["tiles"]["people"]["data"]["in_park"] == 1
            own_database.kill()
            while stream.next("heartbeat")["data"]["database"] != "away":
                pass
            assert api.get("/api/v1/parks").status == 503
            with streaming(api, last_id=stream.last_id) as other:  # open streams may even be resumed meanwhile
                assert other.next("heartbeat")["data"]["database"] == "away"
            own_database.start()
            while stream.next("heartbeat")["data"]["database"] != "ok":
                pass
            with hand_on(own_database.url, NOW + timedelta(seconds=1)) as hand:
                let_in(hand, 2)
            assert stream.tile("people")["data"]["in_park"] == 3
            assert api.get("/api/v1/parks").status == 200


def test_heartbeats_go_on_while_the_database_hangs(
    hand: Hand, database: str, cut: Callable[[int], Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 1.0)
    monkeypatch.setattr(live, "OVERDUE_S", 1.0)
    port = int(database.rsplit(":", 1)[1].split("/")[0])
    proxy = cut(port)
    with serving(database.replace(f":{port}/", f":{proxy.port}/")) as api, streaming(api) as stream:
        stream.next("snapshot")
        proxy.freeze()
        begun = time.monotonic()
        while stream.next("heartbeat")["data"]["database"] != "away":
            assert time.monotonic() - begun < 15
        proxy.heal()
        while stream.next("heartbeat")["data"]["database"] != "ok":
            assert time.monotonic() - begun < 30
        let_in(hand, 4)
        assert stream.tile("people")["data"]["in_park"] == 4


def test_a_hang_and_its_end_are_announced_at_once(
    hand: Hand, database: str, cut: Callable[[int], Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 600.0)
    monkeypatch.setattr(live, "OVERDUE_S", 1.0)
    port = int(database.rsplit(":", 1)[1].split("/")[0])
    proxy = cut(port)
    with serving(database.replace(f":{port}/", f":{proxy.port}/")) as api, streaming(api) as stream:
        assert stream.next("heartbeat")["data"]["database"] == "ok"
        proxy.freeze()
        assert stream.next("heartbeat")["data"]["database"] == "away"
        proxy.heal()
        assert stream.next("heartbeat")["data"]["database"] == "ok"


def test_open_streams_do_not_hold_up_a_stop(hand: Hand, database: str) -> None:
    with serving(database) as api, streaming(api) as one, streaming(api) as other:
        one.next("snapshot")
        other.next("snapshot")
        begun = time.monotonic()
        api.stop()
        assert time.monotonic() - begun < 3
        with pytest.raises(EOFError):
            while True:
                one.next()


def test_the_process_stops_cleanly_on_sigterm_with_a_stream_open(
    hand: Hand, database: str, eventually: Eventually
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**os.environ, "PARK_DATABASE_URL": database, "PARK_API_PORT": str(port), "PARK_API_SIGN_IN": "local"}
    argv = [sys.executable, "-c", "import sys; from api.run import main; sys.exit(main(['--json']))"]
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(answers, within=20, what="the API to listen")
        served = Served(None, None, port, None)  # type: ignore[arg-type]
        with streaming(served) as stream:
            stream.next("snapshot")
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=10)
            assert time.monotonic() - begun < 4
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert json.loads(out.splitlines()[-1]) == {"url": f"http://127.0.0.1:{port}", "stopped": True}
    assert b"Traceback" not in errors
