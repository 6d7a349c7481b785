"""One edge node's day on a timeline: births, a gap, a rebirth, deaths; a collector that comes late; a full host."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from collectors.decoders import sparkplug
from collectors.decoders.sparkplug import Command, SparkplugHost
from collectors.decoders.sparkplug_node import Told
from collectors.decoders.sparkplug_payload import REBIRTH, Payload
from collectors.foreign import Foreign
from collectors.routes import SourceTable
from pipeline.domain.message import LAST_WILL, StatusReport
from tests.collectors.edge import SOURCE, Edge, Published

ORDER = list(range(6))


def at(seconds: float, edge: Edge) -> datetime:
    """The edge's clock set to so many seconds after what it said last."""
    edge.now += timedelta(seconds=seconds)
    return edge.now


def hear(host: SparkplugHost, messages: Iterable[Published]) -> list[Told]:
    return [told for m in messages for told in host.receive(m.topic, m.payload, m.at)]


def values(out: Iterable[Told]) -> list[float | None]:
    return [v for told in out for said in told.said for s in said.samples if not s.stale for v in s.values.values()]


def reports(out: Iterable[Told]) -> dict[str, tuple[str, str | None]]:
    said = [(d.sender.device_id, e) for told in out for d in told.said for e in d.events]
    return {device: (str(e.state), e.reason) for device, e in said if isinstance(e, StatusReport)}


def stale(out: Iterable[Told]) -> dict[str, set[str]]:
    samples = [s for told in out for said in told.said for s in said.samples if s.stale]
    assert all(s.time is None and not any(s.values.values()) for s in samples)
    return {s.device_id: set(s.values) for s in samples}


def reasons(out: Iterable[Told]) -> list[str]:
    return [told.why.reason for told in out if told.why]


def asks(commands: list[Command]) -> list[str]:
    for command in commands:
        (metric,) = Payload.FromString(command.payload).metrics
        assert (metric.name, metric.boolean_value, command.qos) == (REBIRTH, True, 0)
    return [c.topic for c in commands]


def test_a_day() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    out = hear(host, edge.birth())
    assert reports(out) == dict.fromkeys(("g.n", "g.n.m1", "g.n.m2"), ("online", None))
    assert values(out) == [1, 2, 3, 4, 5, 6]
    assert values(hear(host, [edge.data("m1", 0), edge.data(None, 1)])) == [7, 8]

    edge.data("m1", 0)  # 9, and nobody hears it
    late = [edge.data("m1", 1), edge.data("m2", 0)]
    assert hear(host, late) == []
    assert (host.waiting, host.due(at(4.5, edge)), host.commands()) == (2, [], [])
    assert host.due(at(1, edge)) == []
    assert asks(host.commands()) == ["spBv1.0/g/NCMD/n"]
    out = hear(host, edge.birth())  # the answer
    assert values(out) == [1, 8, 9, 10, 11, 6]  # with what was missed
    out = host.due(at(5, edge))
    assert [(t.payload, t.received) for t in out] == [(m.payload, m.at) for m in late]
    assert values(out) == [10, 11]

    once = edge.data(None, 0)
    assert values(hear(host, [once])) == [12]
    (again,) = hear(host, [once])
    assert (again.said, again.why) == ([], None)

    payload = Payload(timestamp=round(edge.now.timestamp() * 1000) + 50, seq=4)
    (told,) = host.receive("spBv1.0/g/DDEATH/n/m2", payload.SerializeToString(), edge.now)
    assert stale([told]) == {"g.n.m2": {"flow", "volume"}}
    assert reports([told]) == {"g.n.m2": ("offline", "DDEATH")}

    death = edge.death()
    (told,) = hear(host, [death])
    assert stale([told]) == {"g.n": {"load", "heat"}, "g.n.m1": {"power", "energy"}}  # m2 was already
    assert reports([told]) == dict.fromkeys(("g.n", "g.n.m1"), ("offline", LAST_WILL))
    assert hear(host, [death])[0].said == []  # QoS 1 may bring it twice
    assert (host.waiting, host.due(at(60, edge)), host.commands()) == (0, [], [])


def test_an_old_death_kills_nobody() -> None:
    """The broker notices a lost connection late: the node is back already when its will comes."""
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, edge.birth())
    death, *births = edge.reconnect(ORDER[::-1])
    hear(host, births)
    (told,) = hear(host, [death])
    assert (told.said, told.why) == ([], None)
    assert values(hear(host, [edge.data("m2", 1)])) == [7]


def test_a_death_of_a_birth_that_was_missed_asks_who_is_there() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, edge.birth())
    edge.reconnect(ORDER)  # nobody hears it
    (told,) = hear(host, [edge.death()])
    assert told.said == []
    assert asks(host.commands()) == ["spBv1.0/g/NCMD/n"]


def test_who_speaks_after_its_death_is_asked_for_its_births() -> None:
    """Its NBIRTH was lost, and `seq` happens to go on where it was; or this was overtaken by the death on its way."""
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, edge.birth())
    hear(host, [edge.death()])
    assert host.commands() == []
    assert values(hear(host, [edge.data("m1", 0)])) == [7]
    assert asks(host.commands()) == ["spBv1.0/g/NCMD/n"]
    hear(host, edge.birth())
    assert (host.due(at(300, edge)), host.commands()) == ([], [])


def test_a_device_that_spoke_after_its_own_death_dies_with_its_node() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, edge.birth())
    death = Payload(timestamp=round(edge.now.timestamp() * 1000), seq=3)
    edge.seq = 4
    (told,) = host.receive("spBv1.0/g/DDEATH/n/m2", death.SerializeToString(), edge.now)
    assert stale([told]) == {"g.n.m2": {"flow", "volume"}}
    assert values(hear(host, [edge.data("m2", 0)])) == [7]
    assert stale(hear(host, [edge.death()])).keys() == {"g.n", "g.n.m1", "g.n.m2"}


def test_a_death_before_anything_else_speaks_for_the_node_alone() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    edge.birth()
    out = hear(host, [edge.death()])
    assert reports(out) == {"g.n": ("offline", LAST_WILL)}
    assert (stale(out), host.commands()) == ({}, [])


def test_seq_goes_round() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, edge.birth())
    out = hear(host, [edge.data("m1", 0) for _ in range(600)])
    assert values(out) == list(range(7, 607))
    assert (host.waiting, host.commands()) == (0, [])


def test_a_collector_that_comes_late_waits_for_the_birth_that_it_asks_for() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    edge.birth()
    before = [edge.data("m1", 0), edge.data("m2", 1)]
    assert hear(host, before) == []
    assert asks(host.commands()) == ["spBv1.0/g/NCMD/n"]  # once
    assert values(hear(host, [*edge.birth(), edge.data("m1", 0)])) == [1, 2, 7, 4, 5, 8, 9]
    assert values(host.due(at(10, edge))) == [7, 8]
    assert (host.waiting, host.commands()) == (0, [])


def test_without_a_birth_aliases_become_dead_letters_and_names_are_told() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    edge.birth()
    aliased = edge.data("m1", 0)
    named = Payload(timestamp=round(edge.now.timestamp() * 1000), seq=9)
    named.metrics.add(name="Level", datatype=9, float_value=1.5)
    hear(host, [aliased])
    host.receive("spBv1.0/g/DDATA/n/m2", named.SerializeToString(), edge.now)
    out = host.due(at(10, edge))
    assert (out[0].payload, out[0].received) == (aliased.payload, aliased.at)
    assert (reasons(out), values(out)) == (["unknown-alias"], [1.5])


def test_a_node_that_does_not_answer_is_asked_again_but_not_all_the_time() -> None:
    host, edge = SparkplugHost(SOURCE, rebirth_every_s=60), Edge(ORDER)
    hear(host, edge.birth())
    edge.data("m1", 0)
    asked, told = [], []
    for _ in range(400):
        told += hear(host, [edge.data("m1", 0)])
        told += host.due(at(0.9, edge))
        asked += asks(host.commands())
    assert len(asked) == sparkplug.TRIES
    assert values(told) == list(range(8, 408))  # in order, and nothing is thrown away
    assert reasons(told) == []


def test_after_an_answer_the_next_gap_waits_until_it_may_ask_again() -> None:
    """To tell what is held by the old births would be a guess, as long as a new one is to be had."""
    host, edge = SparkplugHost(SOURCE, rebirth_every_s=60), Edge(ORDER)
    edge.birth()
    hear(host, [edge.data("m1", 0)])
    assert len(host.commands()) == 1
    hear(host, edge.birth())
    host.due(at(11, edge))
    edge.birth(ORDER[::-1])  # nobody hears it, nor what follows
    edge.data("m1", 0), edge.data("m1", 0)
    assert hear(host, [late := edge.data("m1", 0)]) == []
    for _ in range(9):
        assert (host.due(at(5, edge)), host.commands()) == ([], [])
    host.due(at(5, edge))
    assert len(host.commands()) == 1
    hear(host, edge.birth())
    (told,) = host.due(at(5, edge))
    assert (told.payload, reasons([told])) == (late.payload, ["unknown-alias"])


def test_an_alias_that_its_birth_does_not_define_waits_for_another_birth() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    births = edge.birth()
    hear(host, births[:2])  # m2 speaks without having been born
    stray = edge.data("m2", 0)._replace(payload=_with_seq(edge, 2))
    assert hear(host, [stray]) == []
    assert asks(host.commands()) == ["spBv1.0/g/NCMD/n"]
    hear(host, edge.birth())
    out = host.due(at(10, edge))
    assert [(t.payload, t.received, t.why) for t in out] == [(stray.payload, stray.at, None)]
    assert values(out) == [7]


def _with_seq(edge: Edge, seq: int) -> bytes:
    payload = Payload(timestamp=round(edge.now.timestamp() * 1000), seq=seq)
    payload.metrics.add(alias=edge.order[4], double_value=7)
    text: bytes = payload.SerializeToString()
    return text


def test_a_birth_that_was_missed_is_noticed_when_seq_begins_anew() -> None:
    """And nothing is told by the old aliases, although nobody answers."""
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, [*edge.birth(), *(edge.data("m1", 0) for _ in range(5))])
    edge.birth(ORDER[::-1])  # nobody hears it
    out = hear(host, [edge.data("m1", 0) for _ in range(12)])
    out += host.due(at(6, edge)) + host.due(at(6, edge))
    assert (values(out), set(reasons(out)), len(out)) == ([], {"unknown-alias"}, 12)


def test_what_a_broker_kept_is_no_birth() -> None:
    foreign, edge = Foreign(SourceTable([SOURCE]), lambda _topic, _payload: b""), Edge(ORDER)
    birth, *_ = edge.birth()
    assert foreign.read(birth.topic, birth.payload, edge.now, retained=True) == []
    assert len(foreign.read(birth.topic, birth.payload, edge.now)) == 1


@pytest.mark.parametrize("limit", ["HELD_PER_NODE", "HELD_BYTES"])
def test_what_waits_is_bounded(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, limit, 20 if limit == "HELD_PER_NODE" else 20 * sparkplug.OVERHEAD_BYTES)
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    hear(host, edge.birth())
    edge.data("m1", 0)
    sent = [edge.data("m1", 0) for _ in range(100)]
    out = hear(host, sent)
    assert set(reasons(out)) == {"held-too-many"}
    assert host.waiting <= 20
    assert [t.payload for t in out] == [m.payload for m in sent[: len(out)]]  # the oldest
    out += host.due(at(6, edge)) + host.due(at(6, edge))
    assert len(out) == 100


def test_who_leaves_tells_everything() -> None:
    host, edge = SparkplugHost(SOURCE), Edge(ORDER)
    edge.birth()
    hear(host, [edge.data("m1", 0)])
    hear(host, edge.birth())
    edge.data("m1", 0)
    hear(host, [edge.data("m1", 0), edge.data("m1", 0)])
    assert values(host.leave()) == [9, 10, 7]
    assert host.waiting == 0
