"""What judging costs: statements, however many readings and rules there are."""

from collections.abc import Sequence
from typing import Any

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import Limits
from pipeline.ingest import Writer
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.judged import put, rule, states

RULES = [rule(f"above-{n}", Limits(high=float(n)), point="active_power") for n in range(100, 120)]


class Counting(psycopg.Cursor[Any]):
    """Notes what it executes."""

    said: Sequence[str] = ()

    def execute(self, query: Any, params: Any = None, **how: Any) -> "Counting":
        Counting.said = [*Counting.said, str(query)]
        super().execute(query, params, **how)
        return self


def said(writer: Writer, values: Sequence[float], *, first: int) -> list[str]:
    """The statements of one batch."""
    messages = [
        Message(Sender("small", Family.METER, "m1"), None, None, at(first + n),
                [Sample("m1", at(first + n), {"active_power": value, "energy": value})])
        for n, value in enumerate(values)
    ]  # fmt: skip
    Counting.said = ()
    writer.write(Batch("test", messages), now=at(first + len(values)))
    return list(Counting.said)


def test_normal_readings_cost_one_statement_and_a_standing_breach_two(conn: psycopg.Connection, database: str) -> None:
    mine = connect(database, role="park_writer")
    mine.cursor_factory = Counting  # type: ignore[assignment]
    writer = Writer(mine)
    said(writer, [1.0], first=0)
    without = said(writer, [1.0, 2.0], first=10)
    put(conn, *RULES)
    said(writer, [1.0], first=20)  # reads the rules
    said(writer, [1.0], first=21)
    few, many = said(writer, [1.0, 2.0], first=30), said(writer, [50.0] * 500, first=100)
    assert len(few) == len(many) == len(without) + 1
    assert "alarm_condition" in set(few).difference(without).pop()
    raised = said(writer, [500.0], first=1000)
    assert len(raised) <= len(without) + 12
    assert states(conn) == ["unacknowledged"] * 20
    standing = said(writer, [500.0] * 100, first=1100)
    assert len(standing) == len(without) + 2
    mine.close()
