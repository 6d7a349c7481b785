"""A rule that cannot be judged, for whatever reason, keeps no batch from being stored and no other from judging."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from pipeline import metrics
from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import Limits
from pipeline.ingest import Writer
from tests.pipeline.conftest import at
from tests.pipeline.judged import put, rule, states


def test_a_broken_watch_is_left_out_and_named(conn: psycopg.Connection, caplog: pytest.LogCaptureFixture) -> None:
    watches = put(
        conn,
        rule("broken", Limits(high=100), point="active_power"),
        rule("sound", Limits(high=200), point="active_power"),
        rule("other", Limits(low=-1), point="energy"),
    )
    writer = Writer(conn)
    writer.prepare()
    nothing: Any = None
    points = writer.judge._points
    points.watches = [replace(w, delays=nothing) if w.watch == watches["broken"] else w for w in points.watches]
    writer.judge.load = lambda conn: None  # rules read again would be sound again: this fault is one of the program
    failures = metrics.JUDGE_FAILURES._value.get()
    told = Sample("m1", at(0), {"active_power": 300.0, "energy": -5.0})
    batch = Batch("test", [Message(Sender("small", Family.METER, "m1"), None, None, at(0), [told])])
    assert writer.write(batch, now=at(1)).readings == 2
    assert (states(conn, watches["sound"]), states(conn, watches["other"])) == (["unacknowledged"], ["unacknowledged"])
    assert states(conn, watches["broken"]) == []
    assert metrics.JUDGE_FAILURES._value.get() == failures + 1
    assert f"watch {watches['broken']} cannot be judged" in caplog.text
