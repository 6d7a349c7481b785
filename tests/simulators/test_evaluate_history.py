"""What an evaluation tells of the days before: enough to know what is usual, and of nobody else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline import parkfile
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.rule import Deviation
from pipeline.engine.alarms.usual import LearnUsual
from pipeline.engine.silence import Silence
from pipeline.settings import Settings
from pipeline.store import parks, schema
from pipeline.store.database import connect
from simulators.evaluate import history
from simulators.run import PARK_FILE
from simulators.scenarios import draw, script

PLAN = script.read("unusual_load")


def test_two_weeks_tell_what_is_usual_and_leave_no_trace_on_anybody_else(database: str) -> None:
    park = draw.part_of(parkfile.read(PARK_FILE), ("gw-b4",))
    begin = PLAN.starts(1, park.time_zone)
    with connect(database) as conn:
        edition = schema.check(conn)
        parks.apply(conn, park, now=begin)
    settings = Settings.from_env({})
    history.tell(database, park, days=PLAN.history_days, begin=begin, seed=1, edition=edition, settings=settings)
    rule = next(r for r in park.rules or () if r.rule_id == "power-unusual")
    assert isinstance(rule.condition, Deviation)
    with connect(database) as conn:
        conn.autocommit = True
        heard = conn.execute(
            "select d.device_id from smartpark.device_state s join smartpark.device d using (device)"
            " where s.heard is not null"
        ).fetchall()
        assert heard == [("meter-b4-main",)]
        midnight = begin.astimezone(ZoneInfo(park.time_zone)).replace(hour=0, minute=0)
        since, until = conn.execute("select min(ts), max(ts) from smartpark.reading").fetchone() or (None, None)
        assert (since, until) == (midnight - timedelta(days=PLAN.history_days), midnight - timedelta(minutes=5))
        assert LearnUsual().run(conn, begin) == 1
        days = conn.execute("select hour, n from smartpark.usual where days = 'working' order by hour").fetchall()
        assert [hour for hour, _ in days] == list(range(24))
        assert all(n >= rule.condition.days for _, n in days)
        silence = Silence()
        silence.run(conn, begin - timedelta(minutes=12))
        silence.run(conn, begin + timedelta(minutes=2))
        assert conn.execute("select count(*) from smartpark.device_state where state = 'offline'").fetchone() == (0,)
        assert conn.execute("select count(*) from smartpark.alarm_journal").fetchone() == (0,)


def test_a_park_that_watches_nothing_usual_is_told(database: str) -> None:
    park = replace(parkfile.read(PARK_FILE), rules=())
    with pytest.raises(ConfigurationError, match="usual"):
        history.tell(
            database, park, days=2, begin=datetime(2026, 11, 20, tzinfo=UTC), seed=1, edition="plain",
            settings=Settings.from_env({}),
        )  # fmt: skip
