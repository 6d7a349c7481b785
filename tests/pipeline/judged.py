"""Rules put in force as the API does it; and what became of alarms: their states, their journal, whether they agree."""

from typing import Any

import psycopg

from pipeline.domain.park import Name
from pipeline.domain.rule import Condition, Priority, Rule, Selector
from pipeline.store import rules as store
from pipeline.store import watches
from tests.pipeline.conftest import at
from tests.pipeline.watching import rows

WORDS = Name("某事", "Something")


def rule(rule_id: str, condition: Condition, *, device: str = "m1", point: str | None = None, **terms: Any) -> Rule:
    """A rule for one device of the small park."""
    said = {"applies": Selector(devices=(device,)), "priority": Priority.HIGH, "respond_s": 600.0, **terms}
    return Rule(rule_id=rule_id, name=WORDS, condition=condition, cause=WORDS, consequence=WORDS, response=(WORDS,),
                point=point, **said)  # fmt: skip


def put(conn: psycopg.Connection, *rules: Rule) -> dict[str, int]:
    """Puts rules in force in the small park; a watch of each by the rule's id."""
    with conn.transaction():
        store.put(conn, "small", rules, origin=store.Origin.API, actor="test", now=at(0))
        watches.expand(conn, "small")
        store.announce(conn, "small")
    query = b"select rule_id, min(watch) from smartpark.alarm_watch join smartpark.alarm_rule using (rule) group by 1"
    return dict(conn.execute(query).fetchall())


def states(conn: psycopg.Connection, watch: int | None = None) -> list[str]:
    """The states of alarms, `historic` for those, the oldest first."""
    query = "select * from smartpark.alarm where %(watch)s::int is null or watch = %(watch)s order by alarm"
    found = rows(conn, query, {"watch": watch})
    return ["historic" if row["historic"] else row["state"] for row in found]


def journal(conn: psycopg.Connection) -> list[tuple[str, str | None, str]]:
    """(action, from, to) of every journal row, in order."""
    return conn.execute("select action, from_state, to_state from smartpark.alarm_journal order by entry").fetchall()


def phase(conn: psycopg.Connection, watch: int) -> str | None:
    """Where a watch's condition stands; None where nothing was ever looked at."""
    row = conn.execute("select phase from smartpark.alarm_condition where watch = %s", [watch]).fetchone()
    return row[0] if row else None


def consistent(conn: psycopg.Connection) -> bool:
    """Whether every journal row leaves from where the one before it led, and the last one to where the alarm stands."""
    entries = conn.execute(
        "select a.alarm, a.state, j.from_state, j.to_state, a.occurrences, j.action"
        " from smartpark.alarm a join smartpark.alarm_journal j using (alarm) where j.action <> 'comment'"
        " order by a.alarm, j.entry"
    ).fetchall()
    standing: dict[int, str | None] = {}
    raised: dict[int, int] = {}
    last: dict[int, tuple[str, int]] = {}
    for alarm, state, before, after, occurrences, action in entries:
        if standing.get(alarm) != before:
            return False
        standing[alarm] = after
        raised[alarm] = raised.get(alarm, 0) + (action in ("raise", "reopen") or (action == "record" and not before))
        last[alarm] = (state, occurrences)
    return all(standing[alarm] == state and raised[alarm] == count for alarm, (state, count) in last.items())
