"""The figures of service over the API: as JSON, and as tables that are read back; what is asked wrongly is told."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from pipeline.store.database import connect
from tests.api.serving import NOW, Served, serving
from tests.conftest import cloned
from tests.park import apply_small_park
from tests.service_history import History

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK_AGO = NOW - 7 * DAY
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def served(database_server: str) -> Iterator[Served]:
    """Two weeks: 24 orders of Li's, one in four too late; three of Wu's; one that nobody took; odd names."""
    with cloned(database_server, "park") as url:
        with connect(url) as conn:
            apply_small_park(conn)
            conn.autocommit = True
            told = History(conn, "small", NOW)
            told.setting(contractor=("keeper", '=HYPERLINK("http://x")', "+Quick"))
            told.person("li", "李明")
            told.person("wu", "吴霞")
            for n in range(24):
                at = NOW - 14 * DAY + n * 12 * HOUR
                number = told.order(
                    at, who="li", accept=8, arrive=150 if n % 4 == 0 else 40, finish=200, space_id="b1",
                    company_id="acme", proof="code" if n % 2 else "claimed",
                )  # fmt: skip
                told.request(at, answered=at + 200 * HOUR / 60, company="acme", order=number,
                             stars=None if n % 3 else 5, channel="online" if n % 2 else "phone")  # fmt: skip
            for n in range(3):
                told.order(NOW - 3 * DAY + n * HOUR, who="wu", accept=4, arrive=20, finish=60, service="cleaning",
                           priority="P1", contractor_id="keeper", reopen=120 if n == 0 else None)  # fmt: skip
            told.order(NOW - 5 * HOUR)
        with serving(url) as found:
            yield found


def get(served: Served, path: str = "", **query: Any) -> Any:
    asked = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return served.ok(f"/api/v1/kpi{path}?{asked}")


def test_the_answer_has_every_figure_with_its_n(served: Served) -> None:
    found = get(served)
    respond = found["clocks"][1]
    assert (respond["kind"], respond["n"], respond["met"], respond["overdue"]) == ("respond", 28, 21, 1)
    assert (
        respond["attainment"]["share"] == 0.75 and respond["attainment"]["low"] < 0.75 < respond["attainment"]["high"]
    )
    assert (respond["wall"]["n"], respond["wall"]["open"], respond["wall"]["p50_s"]) == (27, 1, 2400)
    assert found["promise"]["within"] == found["promise"]["within"] | {"k": 21, "n": 28}
    assert [(g["key"], g["name"]["en"], g["clocks"][1]["n"]) for g in found["groups"]] == [
        ("repair", "Repair", 25), ("cleaning", "Cleaning", 3),
    ]  # fmt: skip
    assert [(c["kind"], c["cause"], c["of"]["k"]) for c in found["causes"] if c["kind"] == "respond"] == [
        ("respond", "not-departed", 6), ("respond", "untaken", 1),
    ]  # fmt: skip
    rating = found["rating"]
    assert (rating["mean"], rating["good"]["n"], rating["rated"]["n"], rating["good"]["share"]) == (5, 8, 24, 1)
    assert found["online"]["online"]["k"] == 12 and found["online"]["channels"] == {"online": 12, "phone": 12}
    assert sum(week["clocks"][1]["n"] for week in found["weeks"]) == 28
    assert found["faults"] == 0 and found["now"] >= found["until"]


@pytest.mark.parametrize("by", ["priority", "space", "company", "contractor", "shift", "assignee", "origin"])
def test_groups_add_up_to_all(served: Served, by: str) -> None:
    found = get(served, by=by)
    for place, one in enumerate(found["clocks"]):
        for name in ("n", "met", "missed", "overdue"):
            assert sum(group["clocks"][place][name] for group in found["groups"]) == one[name], (by, name)


def test_a_span_cuts_by_when_promises_ran_out(served: Served) -> None:
    first = get(served, until=WEEK_AGO.isoformat())
    second = get(served, since=WEEK_AGO.isoformat())
    assert first["clocks"][1]["n"] + second["clocks"][1]["n"] == 28
    assert first["clocks"][1]["overdue"] == 0 and second["clocks"][1]["overdue"] == 1


def test_scorecards_hide_what_few_cases_say(served: Served) -> None:
    found = get(served, "/scorecards")
    li, wu = found["technicians"]
    assert (li["key"], li["name"]["zh"], li["n"], li["clocks"][1]["attainment"]["share"]) == ("li", "李明", 24, 0.75)
    assert (li["proven"]["share"], li["reached"]["p50_s"]) == (0.5, 32 * 60)
    assert (wu["n"], wu["clocks"][1]["n"], wu["clocks"][1]["attainment"]["share"]) == (3, 3, None)
    assert [one["key"] for one in found["contractors"]] == ["keeper"]


def test_the_forecast_knows_what_is_overdue_and_what_it_does_not_know(served: Served) -> None:
    found = get(served, "/forecast")
    assert found["open"] == len(found["items"]) >= 3
    overdue = [item for item in found["items"] if item["overdue"]]
    assert overdue == found["items"][: len(overdue)] and found["overdue"] == len(overdue) == 3
    assert {item["kind"] for item in overdue} == {"acknowledge", "respond", "restore"}
    assert all(item["probability"] is None for item in found["items"][len(overdue) :])  # so few of a kind tell nothing
    assert found["unknown"] == found["open"] - found["overdue"] and found["enough"] == 30


def test_csv_is_read_back_and_no_cell_is_a_formula(served: Served) -> None:
    answer = served.get("/api/v1/kpi.csv?by=contractor&lang=zh")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="kpi-contractor-2026-11-21.csv"'
    text = answer.body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    by = {(row["分组"], row["承诺"]): row for row in rows}
    assert float(by["*", "响应"]["达标率"]) == 0.75 and by["*", "响应"]["样本数"] == "28"
    assert by["keeper", "响应"]["名称"] == '\'=HYPERLINK("http://x")'
    assert by["*", "响应"]["自然时间P50(秒)"] == "2400.0"
    assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell[:1] in "=+-@" and cell]


def test_the_workbook_is_read_back_and_has_no_formula(served: Served) -> None:
    answer = served.get("/api/v1/kpi.xlsx?by=contractor&lang=en")
    book = zipfile.ZipFile(io.BytesIO(answer.body))
    names = [one.get("name") for one in xml(book, "workbook").iter(f"{SHEET}sheet")]
    assert names == ["about", "figures", "weeks", "causes", "satisfaction", "channels", "technicians", "contractors"]
    sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not [name for name in sheets if b"<f>" in book.read(name)]
    rows = cells(book, 2)
    titles = rows[0]
    respond = dict(zip(titles, rows[2], strict=False))
    assert (respond["group"], respond["promise"], respond["n"], respond["attainment"]) == ("*", "respond", 28, 0.75)
    assert "+Quick" in [cell for row in rows for cell in row]
    assert cells(book, 1)[1][0] == "As of"
    assert [row[0] for row in cells(book, 7)] == ["group", "li", "wu"]


def cells(book: zipfile.ZipFile, number: int) -> list[list[Any]]:
    """A sheet's cells row by row, those left out as None."""
    shared = ["".join(part.itertext()) for part in xml(book, "sharedStrings").iter(f"{SHEET}si")]
    rows = []
    for row in xml(book, f"worksheets/sheet{number}").iter(f"{SHEET}row"):
        found: list[Any] = []
        for cell in row:
            letters = cell.get("r", "").rstrip("0123456789")
            place = sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(letters))) - 1
            found += [None] * (place - len(found))
            value = cell.findtext(f"{SHEET}v")
            found.append(None if value is None else shared[int(value)] if cell.get("t") == "s" else float(value))
        rows.append(found)
    return rows


def xml(book: zipfile.ZipFile, part: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(f"xl/{part}.xml"))  # noqa: S314 - our own file


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (f"since={quote(NOW.isoformat())}&until={quote(WEEK_AGO.isoformat())}", "is not before until"),
        (f"since={quote((NOW + DAY).isoformat())}", "is not before until"),
        (f"since={quote((NOW - 500 * DAY).isoformat())}", "more than 400 days"),
        ("since=yesterday", "ISO 8601"),
        ("by=colour", "by"),
        ("sinse=2026-01-01T00:00:00Z", "since=…"),
    ],
)
def test_what_is_asked_wrongly_is_told(served: Served, query: str, says: str) -> None:
    for path in ("kpi", "kpi.csv", "kpi.xlsx"):
        answer = served.get(f"/api/v1/{path}?{query}")
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
        assert says in answer.body.decode(), answer.json
