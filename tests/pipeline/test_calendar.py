"""China's working calendar: as published, told alike by two libraries, filled once, corrected by people for good."""

import json
import logging
from datetime import UTC, date, datetime, timedelta

import holidays
import psycopg
import pytest

from pipeline.domain.errors import NotFound
from pipeline.domain.rule import DayKind
from pipeline.domain.working_calendar import is_worked
from pipeline.engine.calendar import FillCalendar
from pipeline.parkfile import calendar as verb
from pipeline.store import calendar
from pipeline.store.calendar import CalendarRow

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_two_libraries_agree_on_which_days_are_worked(year: int) -> None:
    second = holidays.country_holidays("CN", years=[year])
    rows = calendar.published(year)
    assert [row.day for row in rows] == [date(year, 1, 1) + timedelta(days=n) for n in range(len(rows))]
    assert [row.day for row in rows if is_worked(row.kind) != second.is_working_day(row.day)] == []
    assert all((row.kind in (DayKind.WORKING, DayKind.DAY_OFF)) == (row.name is None) for row in rows)
    assert {row.day for row in rows if row.kind is DayKind.MAKE_UP} == {
        d for d in second.weekend_workdays if d.year == year
    }


def test_the_spring_festival_of_2026() -> None:
    rows = {row.day: (row.kind, row.name) for row in calendar.published(2026)}
    assert rows[date(2026, 2, 14)] == (DayKind.MAKE_UP, "春节")
    assert rows[date(2026, 2, 21)] == (DayKind.HOLIDAY, "春节")  # a Saturday of the holiday
    assert rows[date(2026, 3, 7)] == (DayKind.DAY_OFF, None)
    assert rows[date(2026, 3, 9)] == (DayKind.WORKING, None)


def test_a_year_that_nobody_published_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(NotFound, match=r"no calendar for 2080 \(it has 2004 to \d{4}\): update that package"):
        calendar.published(2080)


def test_the_engine_fills_what_is_published_once_and_leaves_people_their_word(conn: psycopg.Connection) -> None:
    calendar.set_day(conn, "small", CalendarRow(date(2026, 11, 23), DayKind.DAY_OFF, "停电检修"), now=NOW)
    step = FillCalendar()
    assert step.run(conn, NOW) == 364 + (365 if calendar.is_published(2027) else 0)
    assert step.run(conn, NOW) == 0
    rows = calendar.days(conn, "small", 2026)
    assert len(rows) == 365
    assert [row for row in rows if row.source == "person"] == [
        (date(2026, 11, 23), DayKind.DAY_OFF, "停电检修", "person")
    ]


def test_a_year_that_is_missing_is_warned_of_from_december_on(
    conn: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    step = FillCalendar()
    step.run(conn, datetime(2079, 11, 30, 12, tzinfo=UTC))
    told = [r.getMessage() for r in caplog.records]
    assert len(told) == 1  # the year itself; the next is not due yet
    caplog.clear()
    for hour in (1, 2, 3):
        step.run(conn, datetime(2079, 12, 1, hour, tzinfo=UTC))
    assert len(caplog.records) == 1


def test_parks_elsewhere_are_left_alone(conn: psycopg.Connection) -> None:
    conn.execute("update smartpark.park set time_zone = 'Asia/Kolkata'")
    assert FillCalendar().run(conn, NOW) == 0


def test_the_verb_imports_shows_and_sets(
    database: str, conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    monkeypatch.setenv("PARK_CLOCK", "2026-11-21T14:00:00+08:00@1")

    def park(*words: str) -> tuple[int, dict[str, object]]:
        code = verb.main([*words, "--json"])
        told: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return code, told

    assert park("show")[1]["missing"] == 365
    assert park("import")[1] | {"days": 0} == {
        "ok": True, "park": "small", "year": 2026, "changed": 365, "missing": 0, "next_year": False, "days": 0,
    }  # fmt: skip
    assert park("set", "2026-11-23", "day-off", "停电检修")[1]["changed"] == 1
    assert park("import", "--year", "2026")[1]["changed"] == 0
    code, told = park("import", "--year", "2080")
    assert (code, told["ok"]) == (1, False)
    assert verb.main(["show"]) == 0
    shown = capsys.readouterr().out
    assert "2026-11-23  day-off  停电检修  (person)" in shown
    assert "2027 has no calendar yet" in shown
    found = conn.execute("select detail from smartpark.audit_log where action = 'calendar'").fetchone()
    assert found and found[0]["is"] == {"kind": "day-off", "name": "停电检修"}
