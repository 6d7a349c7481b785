"""What people do to alarms, in the role that the API has: whoever acts at once with ingest or with another person, the
journal stays true; and the same acts from a terminal."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pipeline.domain.alarm import AlarmRefused
from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.store import alarm_acts as acts
from pipeline.store import alarm_verb, maintenance
from pipeline.store.alarm_acts import ActRefused, Person
from pipeline.store.alarms import Raising, Returning, raise_, return_
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.judged import consistent, journal, states
from tests.pipeline.watching import add_rule, add_watch

HOUR = 3600
REASON = {"kind": "limits", "value": 1.0, "high": 0.5}
LI, WANG = Person("Li Ming", at(10)), Person("王芳", at(20))


def up(conn: psycopg.Connection, watch: int, seconds: float) -> None:
    raise_(conn, [Raising(watch, at(seconds), at(seconds), at(seconds), 1.0, REASON)], now=at(seconds))


def down(conn: psycopg.Connection, watch: int, seconds: float) -> None:
    return_(conn, [Returning(watch, at(seconds), at(seconds))], now=at(seconds))


@pytest.fixture
def watch(conn: psycopg.Connection) -> int:
    return add_watch(conn, add_rule(conn, "hot", "limits", {"high": 0.5}), "m1", "active_power")


@pytest.fixture
def alarm(conn: psycopg.Connection, watch: int) -> int:
    up(conn, watch, 0)
    row = conn.execute("select alarm from smartpark.alarm").fetchone()
    assert row
    return int(row[0])


@pytest.fixture
def desk(database: str, conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection with the rights of people."""
    with connect(database, role="park_operator") as found:
        found.autocommit = True
        yield found


def test_an_alarm_s_life_at_the_desk(
    conn: psycopg.Connection, desk: psycopg.Connection, watch: int, alarm: int
) -> None:
    with desk.transaction():
        (answer,) = acts.acknowledge(desk, [alarm], LI)
    assert (answer.outcome, answer.state) == ("done", "acknowledged")
    down(conn, watch, 15)
    assert states(conn) == ["normal"]
    (answer,) = acts.acknowledge(desk, [alarm], WANG)
    assert (answer.outcome, answer.seen_by, answer.seen_at) == ("already", "Li Ming", at(10))
    up(conn, watch, 30)  # soon after: the same alarm, to be seen again
    (answer,) = acts.acknowledge(desk, [alarm], WANG)
    assert (answer.outcome, answer.seen_by) == ("done", "王芳")
    assert consistent(conn)


def test_what_returned_unseen_closes_when_it_is_seen(
    conn: psycopg.Connection, desk: psycopg.Connection, watch: int, alarm: int
) -> None:
    down(conn, watch, 5)
    assert states(conn) == ["returned-unacknowledged"]
    (answer,) = acts.acknowledge(desk, [alarm], LI)
    assert (answer.state, states(conn)) == ("normal", ["normal"])
    assert journal(conn)[-1] == ("acknowledge", "returned-unacknowledged", "normal")


def test_a_shelved_alarm_that_goes_and_comes_stays_shelved(
    conn: psycopg.Connection, desk: psycopg.Connection, watch: int, alarm: int
) -> None:
    acts.shelve(desk, alarm, LI, until=at(HOUR), reason="known")
    down(conn, watch, 20)
    up(conn, watch, 900)
    assert states(conn) == ["normal", "shelved"]
    with pytest.raises(ActRefused, match="this alarm is closed already"):
        acts.shelve(desk, alarm, WANG, until=at(HOUR), reason="too")
    acts.release(desk, alarm, Person("王芳", at(1000)), reason="found")
    assert states(conn) == ["normal", "unacknowledged"], "the shelf is the watch's, whichever of its alarms is named"
    assert consistent(conn)


def test_a_refusal_says_where_it_stands_and_who_acted_last(desk: psycopg.Connection, alarm: int) -> None:
    acts.shelve(desk, alarm, LI, until=at(HOUR), reason="known")
    with pytest.raises(ActRefused) as refused:
        acts.shelve(desk, alarm, WANG, until=at(HOUR), reason="too")
    assert (refused.value.state, refused.value.alarm) == ("shelved", alarm)
    assert refused.value.last == {"actor": "Li Ming", "action": "hold", "at": at(10), "reason": "known"}
    with pytest.raises(NotFound, match="alarm 999"):
        acts.reset(desk, 999, LI)


@pytest.mark.parametrize("name", ["", " ", "a" * 81, "a\tb", "SYSTEM", " system "])
def test_nobody_acts_without_a_name_or_as_the_system(name: str) -> None:
    with pytest.raises(ValueError, match="80 printable"):
        Person.named(name, at(0))


def test_who_acts_at_once_with_ingest_and_with_others_leaves_a_true_journal(
    conn: psycopg.Connection, database: str, watch: int, alarm: int
) -> None:
    other = add_watch(conn, add_rule(conn, "warm", "limits", {"high": 0.4}), "m1", "active_power")
    up(conn, other, 0)
    second = alarm + 1
    failures: list[BaseException] = []
    rounds = 25

    def person(name: str, act: Callable[[psycopg.Connection, Person], Any]) -> None:
        try:
            with connect(database, role="park_operator") as mine:
                mine.autocommit = True
                for n in range(rounds):
                    try:
                        with mine.transaction():
                            act(mine, Person(name, at(100 + n)))
                    except AlarmRefused:
                        pass
        except BaseException as error:
            failures.append(error)

    def ingest() -> None:
        try:
            with connect(database, role="park_writer") as mine:
                mine.autocommit = True
                for n in range(rounds):
                    with mine.transaction():
                        down(mine, watch, 100 + 2 * n)
                        down(mine, other, 100 + 2 * n)
                    with mine.transaction():
                        up(mine, watch, 101 + 2 * n)
                        up(mine, other, 101 + 2 * n)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=ingest),
        threading.Thread(target=person, args=("a", lambda c, p: acts.acknowledge(c, [second, alarm], p))),
        threading.Thread(target=person, args=("b", lambda c, p: acts.acknowledge(c, [alarm, second], p))),
        threading.Thread(target=person, args=("c", lambda c, p: acts.shelve(c, alarm, p, until=at(9999), reason="r"))),
        threading.Thread(target=person, args=("d", lambda c, p: acts.release(c, alarm, p))),
        threading.Thread(target=person, args=("e", lambda c, p: acts.take_out(c, second, p, owner="e", reason="r"))),
        threading.Thread(target=person, args=("f", lambda c, p: acts.release(c, second, p))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert consistent(conn)
    assert len([s for s in states(conn) if s not in ("normal", "historic")]) <= 2


def test_work_is_planned_where_the_park_has_something(conn: psycopg.Connection, desk: psycopg.Connection) -> None:
    def work(**where: Any) -> maintenance.Planned:
        return maintenance.Planned(**({"park_id": "small", "starts": at(0), "ends": at(HOUR), "reason": "r"} | where))

    number = maintenance.plan(desk, work(device="m1"), LI)
    for wrong in ({"device": "x"}, {"space": "x"}, {"park_id": "x"}):
        with pytest.raises(NotFound):
            maintenance.plan(desk, work(**wrong), LI)
    with pytest.raises(AlarmRefused, match="ends after it starts"):
        maintenance.plan(desk, work(ends=at(5)), LI)
    maintenance.cancel(desk, number, WANG)
    with pytest.raises(AlarmRefused, match="cancelled"):
        maintenance.cancel(desk, number, LI)
    later = maintenance.plan(desk, work(), LI)
    with pytest.raises(AlarmRefused, match="it ended"):
        maintenance.cancel(desk, later, Person("Li", at(HOUR)))


Park = Callable[..., dict[str, Any]]


@pytest.fixture
def park(
    database: str, conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Park:
    """`park alarm …` with --json; the object of its last line, its exit code as `exit`."""
    monkeypatch.setenv("PARK_DATABASE_URL", database)

    def run(*words: str) -> dict[str, Any]:
        code = alarm_verb.main([*words, "--json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found | {"exit": code}

    return run


def test_alarms_from_a_terminal(park: Park, alarm: int, capsys: pytest.CaptureFixture[str]) -> None:
    number = str(alarm)
    (listed,) = park("list")["alarms"]
    assert (listed["alarm"], listed["rule_id"], listed["subject"], listed["point"]) == (
        alarm,
        "hot",
        "m1",
        "active_power",
    )
    assert park("list", "--priority", "low", "--state", "all", "--device", "m1")["alarms"] == []
    assert park("comment", number, "on my way", "--actor", "Li Ming")["exit"] == 0
    assert park("shelve", number, "--minutes", "5", "--reason", "known")["alarms"][0]["state"] == "shelved"
    assert park("ack", number, "999", "--actor", "Li Ming")["exit"] == 1
    assert park("release", number, "--actor", "Li Ming")["alarms"][0]["state"] == "unacknowledged"
    found = park("ack", number, "--actor", "Li Ming")
    assert (found["exit"], found["answers"][0]["outcome"]) == (0, "done")
    found = park("out-of-service", number, "--reason", "new meter", "--owner", "赵工", "--whole-device")
    assert found["alarms"][0]["state"] == "out-of-service"
    assert [j["action"] for j in park("show", number)["journal"]] == [
        "raise", "comment", "hold", "release", "acknowledge", "hold",
    ]  # fmt: skip
    alarm_verb.main(["show", number])
    words = capsys.readouterr().out
    assert "Li Ming  comment → unacknowledged: on my way" in words
    assert "because of limits: " in words
    assert "respond by: " in words


def test_planned_work_from_a_terminal(park: Park) -> None:
    (made,) = park("maintenance", "plan", "--to", "2199-01-01T00:00:00+08:00", "--reason", "pump", "--device", "m1")[
        "maintenance"
    ]
    assert [m["device_id"] for m in park("maintenance", "list")["maintenance"]] == ["m1"]
    (found,) = park("maintenance", "cancel", str(made["maintenance"]))["maintenance"]
    assert found["cancelled"]
    assert park("maintenance", "list")["maintenance"] == []


@pytest.mark.parametrize(
    "words",
    [
        ["shelve", "1", "--minutes", "481", "--reason", "x"], ["shelve", "1", "--minutes", "nan", "--reason", "x"],
        ["ack", "1", "--actor", "system"], ["maintenance", "plan"], ["maintenance", "cancel"],
        ["out-of-service", "1", "--reason", "x", "--until", "2001-01-01T00:00:00Z"],
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_the_terminal(park: Park, words: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        park(*words)
