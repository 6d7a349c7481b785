"""The engine on a timeline: silence, retention, steps that fail alone, and two engines that never do a thing twice."""

from datetime import datetime, timedelta

import psycopg

from pipeline.domain.message import Batch, ConnectionState, Message, Sample, Sender, StatusReport
from pipeline.domain.park import Family
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine, Step
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import spool as store
from pipeline.store.database import connect
from tests.pipeline.conftest import at

SETTINGS = Settings.from_env({})


def engine() -> Engine:
    return Engine(steps("apache", SETTINGS))


def say(conn: psycopg.Connection, seconds: float, *, measured: float | None = None, number: int = 0) -> None:
    """m1 (interval 10 s, so silent after 30 s) measured at `measured` and was heard at `seconds`."""
    sample = Sample("m1", at(seconds if measured is None else measured), {"active_power": 1.0})
    message = Message(Sender("small", Family.METER, "m1"), f"m:{seconds}:{number}", b"x" * 16, at(seconds), [sample])
    Writer(conn).write(Batch("test", [message]), now=at(seconds))


def others_speak(conn: psycopg.Connection, seconds: float) -> None:
    """Something else of the park is heard: what is silent now is silent by itself."""
    sample = Sample("gw", at(seconds), {"queued": 0.0})
    message = Message(Sender("small", Family.GATEWAY, "gw"), f"m:{seconds}", b"g" * 16, at(seconds), [sample])
    Writer(conn).write(Batch("test", [message]), now=at(seconds))


def state(conn: psycopg.Connection, device: str = "m1") -> str:
    row = conn.execute("select state from park.devices where device_id = %s", [device]).fetchone()
    assert row
    return str(row[0])


def test_silence_on_a_timeline(conn: psycopg.Connection) -> None:
    e = engine()
    e.tick(conn, at(0))
    assert state(conn) == "unknown"  # never heard: unknown, neither online nor offline
    say(conn, 0)
    e.tick(conn, at(1))
    assert state(conn) == "online"
    others_speak(conn, 30)
    e.tick(conn, at(39))
    assert state(conn) == "online"  # others were heard a moment ago: it may be next
    e.tick(conn, at(40))
    assert state(conn) == "offline"
    say(conn, 50)
    e.tick(conn, at(51))
    assert state(conn) == "online"
    told = conn.execute(
        "select from_state, to_state, reason, at from park.device_transitions"
        " where device_id = 'm1' order by transition"
    )
    assert told.fetchall() == [
        ("unknown", "online", "heard", at(1)),
        ("online", "offline", "silent since 2026-11-21T06:00:00Z", at(40)),
        ("offline", "online", "heard", at(51)),
    ]


def test_when_nothing_arrives_at_all_no_device_is_blamed_for_it(conn: psycopg.Connection) -> None:
    """Collectors or broker are down; the ingest tile says so."""
    e = engine()
    say(conn, 0)
    others_speak(conn, 0)
    e.tick(conn, at(1))
    for seconds in (31, 60, 300):
        e.tick(conn, at(seconds))
        assert (state(conn), state(conn, "gw")) == ("online", "online")
    say(conn, 400)  # the first lane is back
    e.tick(conn, at(401))
    assert state(conn, "gw") == "online"
    others_speak(conn, 402)  # the second
    e.tick(conn, at(415))
    assert (state(conn), state(conn, "gw")) == ("online", "online")
    e.tick(conn, at(402 + 180 + 600))  # ten minutes of nothing: for all we know they are
    assert (state(conn), state(conn, "gw")) == ("offline", "offline")


def test_while_a_spool_drains_nobody_is_called_silent(conn: psycopg.Connection) -> None:
    """The database was away for an hour; live messages are back, what came meanwhile is still on a collector's disk."""
    e = engine()
    say(conn, 0)
    e.tick(conn, at(1))
    store.keep_backlog(conn, host="h", lane="meter", messages=9, oldest=at(10), now=at(3600))
    others_speak(conn, 3600)
    e.tick(conn, at(3620))
    assert state(conn) == "online"
    store.keep_backlog(conn, host="h", lane="meter", messages=0, oldest=None, now=at(3625))
    e.tick(conn, at(3630))
    assert state(conn) == "offline"


def test_when_the_database_is_back_collectors_speak_first(conn: psycopg.Connection) -> None:
    say(conn, 0)
    engine().tick(conn, at(1))
    e = engine()  # an hour later, over a new connection
    e.tick(conn, at(3600))
    e.tick(conn, at(3609))
    assert state(conn) == "online"
    e.tick(conn, at(3610))
    assert state(conn) == "offline"


def test_a_spool_whose_collector_died_keeps_nobody_from_judging(conn: psycopg.Connection) -> None:
    e = engine()
    say(conn, 0)
    e.tick(conn, at(1))
    store.keep_backlog(conn, host="h", lane="meter", messages=9, oldest=at(10), now=at(3600))
    others_speak(conn, 3650)
    e.tick(conn, at(3659))
    assert state(conn) == "online"
    e.tick(conn, at(3661))
    assert state(conn) == "offline"


def test_a_device_that_was_only_heard_long_ago_is_offline_not_unknown(conn: psycopg.Connection) -> None:
    say(conn, 0)
    others_speak(conn, 3900)
    engine().tick(conn, at(4000))
    assert state(conn) == "offline"


def test_what_a_gateway_tells_of_the_past_does_not_make_a_device_look_alive(conn: psycopg.Connection) -> None:
    e = engine()
    say(conn, 0)
    e.tick(conn, at(1))
    others_speak(conn, 45)
    e.tick(conn, at(60))
    assert state(conn) == "offline"
    past = Sample("m1", at(70), {"active_power": 1.0})  # an hour ago, when the gateway had no uplink
    pack = Message(Sender("small", Family.GATEWAY, "gw"), "m:pack", b"p" * 16, at(4000), [past])
    Writer(conn).write(Batch("test", [pack]), now=at(4000))
    e.tick(conn, at(4001))
    assert (state(conn), state(conn, "gw")) == ("offline", "online")


def test_a_device_with_a_slow_clock_is_alive_all_the_same(conn: psycopg.Connection) -> None:
    """Or one that stamps the beginning of its quarter of an hour: it publishes, so it lives."""
    e = engine()
    say(conn, 1000, measured=100)
    e.tick(conn, at(1001))
    assert state(conn) == "online"


def test_what_the_broker_kept_is_no_sign_of_life(conn: psycopg.Connection) -> None:
    birth = StatusReport(at(0), ConnectionState.ONLINE)
    sender = Sender("small", Family.METER, "m1")
    kept = Message(sender, "m:b-birth", b"b" * 16, at(1), [], [birth], retained=True)
    Writer(conn).write(Batch("test", [kept]), now=at(1))
    engine().tick(conn, at(2))
    assert state(conn) == "unknown"


def test_a_last_will_takes_effect_at_once_and_says_why(conn: psycopg.Connection) -> None:
    e = engine()
    say(conn, 0)
    e.tick(conn, at(1))
    will = StatusReport(None, ConnectionState.OFFLINE, reason="last-will")
    message = Message(Sender("small", Family.METER, "m1"), "m:b-will", b"w" * 16, at(2), [], [will])
    Writer(conn).write(Batch("test", [message]), now=at(2))
    e.tick(conn, at(3))
    assert state(conn) == "offline"
    told = conn.execute("select reason from park.device_transitions order by transition desc limit 1").fetchone()
    assert told == ("last-will",)
    heard = conn.execute("select heard from park.devices where device_id = 'm1'").fetchone()
    assert heard == (at(0),)  # the broker spoke, not the device
    say(conn, 4, number=1)
    e.tick(conn, at(5))
    assert state(conn) == "online"


def test_a_retired_device_falls_silent_without_a_word(conn: psycopg.Connection) -> None:
    e = engine()
    say(conn, 0)
    e.tick(conn, at(1))
    conn.execute("update smartpark.device set retired = true where device_id = 'm1'")
    others_speak(conn, 45)
    e.tick(conn, at(60))
    assert conn.execute("select count(*) from park.device_transitions where device_id = 'm1'").fetchone() == (1,)


def test_two_engines_do_nothing_twice(conn: psycopg.Connection, database: str) -> None:
    say(conn, 0)
    others_speak(conn, 31)
    with connect(database) as other:
        other.autocommit = True
        first, second = engine(), engine()
        for seconds in (1, 2, 50, 51):
            first.tick(conn, at(seconds))
            second.tick(other, at(seconds))
    row = conn.execute("select count(*) from park.device_transitions where device_id = 'm1'").fetchone()
    assert row == (2,)


def test_a_step_that_is_running_elsewhere_is_left_to_it(conn: psycopg.Connection, database: str) -> None:
    ran: list[str] = []
    mine = Engine([Step("shared", lambda _c, _n: ran.append("mine") or 1, timedelta(0))])

    def while_it_runs(_conn: psycopg.Connection, now: datetime) -> int:
        with connect(database) as other:
            other.autocommit = True
            assert mine.tick(other, now) == {}
        return 1

    Engine([Step("shared", while_it_runs, timedelta(0))]).tick(conn, at(0))
    assert ran == []
    assert mine.tick(conn, at(1)) == {"shared": 1}


def test_a_failing_step_leaves_the_others_alone(conn: psycopg.Connection) -> None:
    def broken(c: psycopg.Connection, _now: datetime) -> int:
        c.execute("insert into smartpark.company values ('small', 'half', 'a', 'b')")
        c.execute("select 1 / 0")
        return 1

    e = Engine([Step("broken", broken, timedelta(0)), Step("fine", lambda _c, _n: 7, timedelta(0))])
    assert e.tick(conn, at(0)) == {"broken": 0, "fine": 7}
    assert "division by zero" in e.failing["broken"]
    assert conn.execute("select error from park.engine_steps where step = 'broken'").fetchone() is not None
    assert conn.execute("select count(*) from park.companies where company_id = 'half'").fetchone() == (0,)


def test_a_step_that_the_server_cancels_leaves_the_others_alone_too(conn: psycopg.Connection) -> None:
    """The driver files a cancelled query under operational errors, beside a lost connection."""

    def cancelled(c: psycopg.Connection, _now: datetime) -> int:
        c.execute("select pg_cancel_backend(pg_backend_pid())")
        return 1

    e = Engine([Step("cancelled", cancelled, timedelta(0)), Step("fine", lambda _c, _n: 7, timedelta(0))])
    assert e.tick(conn, at(0)) == {"cancelled": 0, "fine": 7}
    assert "cancelled" in e.failing


def test_steps_run_when_they_are_due(conn: psycopg.Connection) -> None:
    e = Engine([Step("slow", lambda _c, _n: 1, timedelta(minutes=1))])
    ran = [bool(e.tick(conn, at(s))) for s in (0, 30, 61, 90, 121)]
    assert ran == [True, False, True, False, True]
    assert e.tick(conn, at(-3600))  # a clock that was set back does not stop the engine


def test_retention_keeps_what_is_young_and_lets_go_of_the_rest(conn: psycopg.Connection) -> None:
    say(conn, 0)
    old = (SETTINGS.raw_days + 3) * -86400.0
    say(conn, old)
    for days, name in ((SETTINGS.event_days + 1, "old"), (SETTINGS.event_days - 1, "young")):
        tried = "insert into smartpark.sign_in (at, login, source, outcome) values (%s, %s, '127.0.0.1', 'wrong')"
        conn.execute(tried, [at(-86400.0 * days), name])
    e = engine()
    e.tick(conn, at(10))
    assert conn.execute("select array_agg(login) from smartpark.sign_in").fetchone() == (["young"],)
    left = conn.execute("select ts from smartpark.reading").fetchall()
    assert left == [(at(0),)]
    rolled = conn.execute("select count(*), min(bucket) from park.readings_15m").fetchone()
    assert rolled == (1, at(0))  # older than raw retention: stored once, never rolled up


def test_an_identity_is_remembered_longer_than_its_event(conn: psycopg.Connection) -> None:
    """Events go in chunks of a week; a repeat of one whose identity is forgotten would stumble over the old row."""
    insert = "insert into smartpark.seen values (1, %s, '', %s, false)"
    for days in (SETTINGS.event_days + 1, SETTINGS.event_days + 7, SETTINGS.event_days + 9):
        conn.execute(insert, [str(days), at(-86400.0 * days)])
    engine().tick(conn, at(0))
    assert conn.execute("select count(*) from smartpark.seen").fetchone() == (2,)


def test_a_server_gives_a_vanished_host_up(conn: psycopg.Connection) -> None:
    shown = [conn.execute(f"show tcp_keepalives_{k}".encode()).fetchone() for k in ("idle", "interval", "count")]
    assert shown == [("15",), ("5",), ("3",)]
