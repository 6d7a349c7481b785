"""The figures as tables for spreadsheets. Text stays text: what a spreadsheet would take for a formula is none."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

from api.kpi_models import KpiAnswer, ScorecardModel, Scorecards
from api.kpi_titles import ABOUT, CHANNELS, KINDS, SHEETS, TITLES
from api.models import Name
from pipeline.analytics.estimates import Share, Times
from pipeline.analytics.figures import Kept, Rating

Cell = str | int | float | datetime | date | None
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"  # without it Excel takes Chinese for something else


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and their rows."""

    name: str
    rows: list[dict[str, Cell]]

    @property
    def columns(self) -> list[str]:
        """In the order of the first row."""
        return list(self.rows[0]) if self.rows else []


def as_csv(table: Table, language: str) -> bytes:
    """UTF-8 with titles; unknown is empty; text that looks like a formula gets an apostrophe before it."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([title(column, language) for column in table.columns])
    for row in table.rows:
        writer.writerow([plain(value) for value in row.values()])
    return (BOM + out.getvalue()).encode()


def plain(value: Cell) -> Cell:
    """A cell as CSV may have it."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def as_xlsx(tables: Sequence[Table], language: str, *, zone: ZoneInfo, made: datetime) -> bytes:
    """A workbook, a sheet a table; times are the park's. Every cell is written with its type, so none is a formula."""
    import xlsxwriter  # only who asks for a workbook loads it

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "smartpark", "created": made.astimezone(UTC).replace(tzinfo=None)})
    bold, when, day = (
        book.add_format(how)
        for how in ({"bold": True}, {"num_format": "yyyy-mm-dd hh:mm:ss"}, {"num_format": "yyyy-mm-dd"})
    )
    for table in tables:
        sheet = book.add_worksheet(SHEETS[table.name][language])
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, title(column, language), bold)
        for line, row in enumerate(table.rows, start=1):
            for place, value in enumerate(row.values()):
                if isinstance(value, datetime):
                    sheet.write_datetime(line, place, value.astimezone(zone).replace(tzinfo=None), when)
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
                elif isinstance(value, str):
                    sheet.write_string(line, place, value)
                elif value is not None:
                    sheet.write_number(line, place, value)
        sheet.autofit()
    book.close()
    return out.getvalue()


def title(column: str, language: str) -> str:
    """What a column is called."""
    return TITLES[column][language]


def figures(found: KpiAnswer, language: str) -> Table:
    """All promises, then each group: a row a kind of clock."""
    rows = [row(None, None, one, language) | fixed(found.fix) for one in found.clocks]
    for group in found.groups:
        label = group.name and getattr(group.name, language)
        rows += [row(group.key or "?", label or group.key, one, language) | fixed(group.fix) for one in group.clocks]
    return Table("figures", rows)


def row(key: str | None, name: str | None, one: Kept, language: str) -> dict[str, Cell]:
    """The figures of one kind of clock of one group; key null: of all."""
    return {
        "group": "*" if key is None else key, "name": name, "kind": KINDS[one.kind][language], "n": one.n,
        "met": one.met, "missed": one.missed, "overdue": one.overdue, "provisional": one.provisional,
        **of_share("attainment", one.attainment), **of_times("spent", one.spent), **of_times("wall", one.wall),
    }  # fmt: skip


def of_share(name: str, one: Share) -> dict[str, Cell]:
    """A share with its interval."""
    return {name: one.share, f"{name}_low": one.low, f"{name}_high": one.high}


def of_times(name: str, one: Times) -> dict[str, Cell]:
    """Durations in seconds."""
    return {f"{name}_n": one.n, f"{name}_mean_s": one.mean_s, f"{name}_p50_s": one.p50_s, f"{name}_p90_s": one.p90_s,
            f"{name}_p95_s": one.p95_s}  # fmt: skip


def fixed(fix: Any) -> dict[str, Cell]:
    """Whether work lasts."""
    return {"fixed_n": fix.fixed.n, "fixed": fix.fixed.share, "reopened_n": fix.reopened.n,
            "reopened": fix.reopened.share}  # fmt: skip


def weeks(found: KpiAnswer, language: str) -> Table:
    """Week by week."""
    rows: list[dict[str, Cell]] = []
    for week in found.weeks:
        about: dict[str, Cell] = {"week": week.monday, "whole": int(week.whole)}
        rows += [about | row(None, None, one, language) for one in week.clocks]
    return Table("weeks", rows)


def causes(found: KpiAnswer, language: str) -> Table:
    """Why promises were missed."""
    rows: list[dict[str, Cell]] = [
        {
            "kind": KINDS[one.kind][language], "cause": one.cause, "missed": one.of.k, "n": one.of.n,
            "share": one.of.share, "median_s": one.median_s,
        }
        for one in found.causes
    ]  # fmt: skip
    return Table("causes", rows)


def satisfaction(found: KpiAnswer, language: str) -> Table:
    """Ratings of requests, and surveys apart from them."""
    rows = [{"what": ABOUT["ratings"][language], **rated(found.rating), **of_share("rated", found.rating.rated)}]
    for one in found.surveys:
        label = Name(zh=one.name_zh, en=one.name_en)
        rows.append({"what": getattr(label, language), "n": one.good.n, "mean": one.mean, **of_share("good", one.good),
                     **of_share("rated", one.answered)})  # fmt: skip
    return Table("satisfaction", rows)


def online(found: KpiAnswer, language: str) -> Table:
    """How requests were entered."""
    n = found.online.online.n
    return Table("online", [{"channel": CHANNELS[channel][language], "count": count, "n": n, "share": count / n}
                            for channel, count in found.online.channels.items()])  # fmt: skip


def rated(rating: Rating) -> dict[str, Cell]:
    """Stars."""
    return {"n": rating.good.n, "mean": rating.mean, **of_share("good", rating.good)}


def scorecards(found: Scorecards, language: str) -> Iterator[Table]:
    """Technicians, then contractors."""
    for name, cards in (("technicians", found.technicians), ("contractors", found.contractors)):
        yield Table(name, [card(one, language) for one in cards])


def card(one: ScorecardModel, language: str) -> dict[str, Cell]:
    """One scorecard as a row."""
    respond, restore = one.clocks[1], one.clocks[2]
    return {
        "group": one.key, "name": getattr(one.name, language) if one.name else one.key, "orders": one.n,
        "respond_n": respond.n, "respond": respond.attainment.share, **of_times("wall", respond.wall),
        "restore_n": restore.n, "restore": restore.attainment.share, "reached_n": one.reached.n,
        "reached_p50_s": one.reached.p50_s, "reached_p90_s": one.reached.p90_s, "proven_n": one.proven.n,
        "proven": one.proven.share, **fixed(one.fix), **rated(one.rating),
    }  # fmt: skip


def about(found: KpiAnswer, language: str) -> Table:
    """What the workbook is."""
    lines: list[tuple[str, Cell]] = [("now", found.now), ("since", found.since), ("until", found.until),
                                     ("faults", found.faults)]  # fmt: skip
    rows: list[dict[str, Cell]] = [{"what": ABOUT[name][language], "value": value} for name, value in lines]
    rows += [{"what": ABOUT[name][language], "value": None} for name in ("rule", "method", "unknown")]
    return Table("about", rows)
