"""How alarms begin and end in the tables: raised, returned, re-opened, held, recorded after the fact, withdrawn."""

import threading
from datetime import datetime, timedelta

import psycopg
import pytest

from pipeline.store.alarms import Raising, Returning, raise_, return_
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.judged import consistent, journal, states
from tests.pipeline.watching import add_rule, add_watch, alarms

REASON = {"kind": "limits", "value": 1.0, "high": 0.5}


def raising(watch: int, seconds: float, *, received: float | None = None, returned: float | None = None) -> Raising:
    """It became an alarm at `seconds` of the timeline; returned: it is history."""
    told = at(seconds if received is None else received)
    over = None if returned is None else at(returned)
    return Raising(watch, at(seconds), at(seconds), told, 1.0, REASON, historic=returned is not None, returned=over)


def up(conn: psycopg.Connection, watch: int, seconds: float, *, now: float | None = None) -> list[int]:
    told = seconds if now is None else now
    return raise_(conn, [raising(watch, seconds, received=told)], now=at(told))


def down(conn: psycopg.Connection, watch: int, seconds: float, *, now: float | None = None) -> list[int]:
    told = seconds if now is None else now
    return return_(conn, [Returning(watch, at(seconds), at(told))], now=at(told))


def past(conn: psycopg.Connection, watch: int, began: float, returned: float, *, now: float) -> None:
    raise_(conn, [raising(watch, began, received=now, returned=returned)], now=at(now))


def acknowledged(conn: psycopg.Connection, watch: int) -> None:
    conn.execute("update smartpark.alarm set acknowledged = true, state = 'acknowledged' where watch = %s", [watch])


def held(conn: psycopg.Connection, watch: int, kind: str, *, until: datetime | None = None) -> None:
    conn.execute(
        "insert into smartpark.alarm_hold (kind, park_id, watch, reason, owner, set_by, set_at, until)"
        " values (%s, 'small', %s, 'why', 'who', 'who', %s, %s)",
        [kind, watch, at(0), until],
    )


def notices(conn: psycopg.Connection) -> list[tuple[datetime, str]]:
    return conn.execute("select look, reason from smartpark.alarm_notice order by notice").fetchall()


@pytest.fixture
def watch(conn: psycopg.Connection) -> int:
    return add_watch(conn, add_rule(conn, "hot", "limits", {"high": 0.5}), "m1", "active_power")


def test_an_alarm_is_raised_once_and_returns(conn: psycopg.Connection, watch: int) -> None:
    assert len(up(conn, watch, 1)) == 1
    assert up(conn, watch, 2) == []
    assert len(down(conn, watch, 60)) == 1
    assert down(conn, watch, 61) == []
    (row,) = alarms(conn)
    assert (row["state"], row["active"], row["closed"]) == ("returned-unacknowledged", False, None)
    assert (row["began"], row["raised"], row["returned"]) == (at(1), at(1), at(60))
    assert (row["priority"], row["position"], row["reason"]) == ("high", "operations", REASON)
    assert journal(conn) == [
        ("raise", None, "unacknowledged"),
        ("return", "unacknowledged", "returned-unacknowledged"),
    ]
    assert notices(conn) == [(at(1), "raised")]


def test_an_acknowledged_alarm_is_over_when_it_returns(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 1)
    acknowledged(conn, watch)
    down(conn, watch, 60)
    (row,) = alarms(conn)
    assert (row["state"], row["closed"]) == ("normal", at(60))


def test_a_reoccurrence_soon_after_re_opens_and_later_repeats(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 0)
    acknowledged(conn, watch)
    down(conn, watch, 10)
    up(conn, watch, 310)
    (row,) = alarms(conn)
    assert (row["state"], row["occurrences"], row["closed"], row["raised"]) == ("unacknowledged", 2, None, at(310))
    acknowledged(conn, watch)
    down(conn, watch, 320)
    up(conn, watch, 621)
    assert states(conn) == ["normal", "unacknowledged"]
    assert [n for _, n in notices(conn)] == ["raised", "re-opened", "raised"]


def test_one_that_nobody_saw_is_re_opened_however_late(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 0)
    down(conn, watch, 10)
    up(conn, watch, 86_400)
    assert [(r["state"], r["occurrences"]) for r in alarms(conn)] == [("unacknowledged", 2)]
    assert consistent(conn)


def test_a_rule_without_re_opening_repeats_at_once(conn: psycopg.Connection) -> None:
    watch = add_watch(conn, add_rule(conn, "again", "limits", reopen_s=0.0), "m1", "active_power")
    up(conn, watch, 0)
    acknowledged(conn, watch)
    down(conn, watch, 10)
    up(conn, watch, 10)
    assert states(conn) == ["normal", "unacknowledged"]


def test_a_re_opened_alarm_takes_its_rules_terms_of_now(conn: psycopg.Connection) -> None:
    rule = add_rule(conn, "hot", "limits")
    watch = add_watch(conn, rule, "m1", "active_power")
    up(conn, watch, 0)
    add_rule(conn, "hot", "limits", priority="low", latched=True, position="fire")
    (row,) = alarms(conn)
    assert (row["version"], row["priority"]) == (1, "high"), "an active alarm keeps its terms"
    down(conn, watch, 10)
    assert states(conn) == ["returned-unacknowledged"]
    up(conn, watch, 20)
    (row,) = alarms(conn)
    assert (row["version"], row["priority"], row["latches"], row["position"]) == (2, "low", True, "fire")


def test_what_is_held_is_raised_without_a_notice(conn: psycopg.Connection, watch: int) -> None:
    held(conn, watch, "shelved", until=at(3600))
    held(conn, watch, "out-of-service")
    up(conn, watch, 1)
    (row,) = alarms(conn)
    assert (row["state"], row["hold"], row["active"]) == ("out-of-service", "out-of-service", True)
    assert notices(conn) == []
    down(conn, watch, 10)
    assert states(conn) == ["normal"]
    assert consistent(conn)


def test_a_shelf_that_has_run_out_keeps_nothing(conn: psycopg.Connection, watch: int) -> None:
    held(conn, watch, "shelved", until=at(60))
    up(conn, watch, 61)
    assert states(conn) == ["unacknowledged"]


def test_life_safety_is_raised_whatever_holds_it(conn: psycopg.Connection) -> None:
    watch = add_watch(conn, add_rule(conn, "smoke", "state", life_safety=True), "m1", "active_power")
    held(conn, watch, "suppressed")
    up(conn, watch, 1)
    assert states(conn) == ["unacknowledged"]
    assert notices(conn) == [(at(1), "raised")]


def test_the_past_is_recorded_once_for_a_run_and_pages_nobody(conn: psycopg.Connection, watch: int) -> None:
    past(conn, watch, 1000, 1100, now=9000)
    past(conn, watch, 1050, 1090, now=9001)  # within it
    past(conn, watch, 1300, 1500, now=9002)  # goes on, less than what re-opens an alarm afterwards
    past(conn, watch, 800, 900, now=9003)  # began before
    past(conn, watch, 5000, 5001, now=9004)  # another
    assert states(conn) == ["historic", "historic"]
    assert [(r["began"], r["returned"]) for r in alarms(conn)] == [(at(800), at(1500)), (at(5000), at(5001))]
    assert notices(conn) == []
    assert [j[0] for j in journal(conn)] == ["record"] * 4


def test_the_past_of_an_alarm_that_people_saw_is_not_another(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 1000)
    past(conn, watch, 990, 1001, now=1100)
    down(conn, watch, 1200)
    past(conn, watch, 1100, 1150, now=1300)
    assert states(conn) == ["returned-unacknowledged"]
    past(conn, watch, 100, 200, now=1300)
    assert states(conn) == ["returned-unacknowledged", "historic"]


def test_life_safety_of_the_past_is_seen_with_its_age(conn: psycopg.Connection) -> None:
    watch = add_watch(conn, add_rule(conn, "smoke", "state", life_safety=True), "m1", "active_power")
    past(conn, watch, 1000, 1100, now=9000)
    (row,) = alarms(conn)
    assert (row["state"], row["historic"]) == ("returned-unacknowledged", False)
    assert (row["raised"], row["returned"], row["annunciated"]) == (at(1000), at(1100), at(9000))
    assert notices(conn) == [(at(9000), "raised")]
    past(conn, watch, 1000, 1100, now=9001)
    assert states(conn) == ["returned-unacknowledged"]
    up(conn, watch, 9500)
    past(conn, watch, 3000, 3100, now=9600)
    assert states(conn) == ["unacknowledged"], "it stands: people are told already"


def test_a_lateness_limit_makes_history_of_what_is_found_after_it(conn: psycopg.Connection) -> None:
    watch = add_watch(conn, add_rule(conn, "co2", "limits", late_limit_s=600.0), "m1", "active_power")
    up(conn, watch, 0, now=601)
    assert states(conn) == ["historic"]
    assert alarms(conn)[0]["returned"] is None
    down(conn, watch, 700)
    assert alarms(conn)[0]["returned"] == at(700)
    up(conn, watch, 2000, now=2600)
    assert states(conn) == ["historic", "unacknowledged"]
    assert notices(conn) == [(at(2610), "raised")], "late news waits for what ends it"


def test_what_came_late_and_was_over_before_anybody_could_know_is_history(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 0, now=3600)
    down(conn, watch, 60, now=3601)
    assert states(conn) == ["historic"]
    assert consistent(conn)
    up(conn, watch, 4000, now=7200)
    down(conn, watch, 7300, now=7500)
    assert states(conn) == ["historic", "returned-unacknowledged"], "it stood while people knew of it"


def test_what_people_were_told_of_is_not_made_history_by_a_slow_clock(conn: psycopg.Connection, watch: int) -> None:
    """A device 170 s behind: the end is measured before, but received long after people were told."""
    up(conn, watch, 0, now=170)
    return_(conn, [Returning(watch, at(120), at(290))], now=at(290))
    assert states(conn) == ["returned-unacknowledged"]


def test_an_alarm_is_never_over_before_it_was(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 10)
    down(conn, watch, 9, now=11)
    assert alarms(conn)[0]["returned"] == at(10)


def test_what_nobody_judges_any_more_is_withdrawn(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 0)
    down(conn, watch, 10)
    return_(conn, [Returning(watch, at(60), None, withdrawn="its rule is gone")], now=at(60))
    (row,) = alarms(conn)
    assert (row["state"], row["returned"], row["closed"]) == ("normal", at(10), at(60))
    assert journal(conn)[-1] == ("withdraw", "returned-unacknowledged", "normal")


def test_many_at_once_raise_one(conn: psycopg.Connection, database: str, watch: int) -> None:
    def race(seconds: int) -> None:
        with connect(database, role="park_writer") as mine, mine.transaction():
            up(mine, watch, seconds)

    threads = [threading.Thread(target=race, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(conn) == ["unacknowledged"]
    assert len(journal(conn)) == 1
    assert len(notices(conn)) == 1


def test_a_second_open_alarm_of_a_watch_is_impossible_and_not_just_unlikely(
    conn: psycopg.Connection, watch: int
) -> None:
    other = add_watch(conn, add_rule(conn, "hotter", "limits", {"high": 0.9}), "m1", "active_power")
    raise_(conn, [raising(watch, 1), raising(other, 1)], now=at(1))
    with pytest.raises(psycopg.errors.UniqueViolation, match="alarm_one"):
        conn.execute("update smartpark.alarm set watch = %s where watch = %s", [watch, other])


def test_the_journal_is_append_only_even_for_its_owner(conn: psycopg.Connection, watch: int) -> None:
    up(conn, watch, 0)
    for statement in ("update smartpark.alarm_journal set actor = 'x'", "delete from smartpark.alarm_journal"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            conn.execute(statement.encode())


def test_instants_keep_their_microseconds(conn: psycopg.Connection, watch: int) -> None:
    began = at(0) + timedelta(microseconds=123_456)
    raise_(conn, [Raising(watch, began, began, began, 1.0, REASON)], now=began)
    assert alarms(conn)[0]["began"] == began
