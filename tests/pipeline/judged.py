"""What became of alarms: their states, their journal, and whether the two agree."""

import psycopg

from tests.pipeline.watching import one, rows


def watch_space(conn: psycopg.Connection, rule: int, space: str) -> int:
    """A rule's watch of a space of the small park."""
    statement = "insert into smartpark.alarm_watch (rule, space_id) values (%s, %s) returning watch"
    return int(one(conn, statement, [rule, space])["watch"])


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
