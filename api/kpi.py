"""Puts the figures of service together for one request: frames by the views, figures, and names for keys."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from api.database import Reader
from api.kpi_models import ForecastAnswer, ForecastItem, KpiAnswer, KpiGroup, ScorecardModel, Scorecards
from api.models import Name
from api.wrong import InvalidParameter, Wrong
from pipeline.analytics.figures import FEW, Span
from pipeline.analytics.forecast import ENOUGH, forecasts

if TYPE_CHECKING:
    from pipeline.analytics.frames import Frames

LONGEST = timedelta(days=400)
HISTORY = timedelta(days=400)
Names = dict[tuple[str, str], Name]


def span_of(reader: Reader, park: str, since: datetime | None, until: datetime | None, *, days: int,
            now: datetime) -> Span:  # fmt: skip
    """The span that is meant; days: its length where nobody says since when. Raises InvalidParameter."""
    from pipeline.analytics import frames  # pandas: half a second and 60 MB that only who asks for figures pays

    until = min(until or now, now)
    since = since or until - timedelta(days=days)
    if since >= until:
        raise InvalidParameter(
            Wrong("since", "is not before until, or not before now", _write(until - timedelta(days=days)))
        )
    if until - since > LONGEST:
        raise InvalidParameter(Wrong("since", f"is more than {LONGEST.days} days before", _write(until - LONGEST)))
    return Span(since, until, now, frames.zone(reader.connection, park))


def frames_of(reader: Reader, park: str, span: Span) -> "Frames":
    """What its figures are made from."""
    from pipeline.analytics import frames

    return frames.read(reader.connection, park, span)


def answer(frames: "Frames", span: Span, called: Names, *, by: Any) -> KpiAnswer:
    """All figures of frames that were read."""
    from pipeline.analytics.kpi import kpi as figures

    found = figures(frames, span, by=by)
    groups = [KpiGroup(key=g.key, name=called.get((by, g.key or "")), clocks=g.clocks, fix=g.fix) for g in found.groups]
    rest = {name: getattr(found, name) for name in found.__dataclass_fields__ if name != "groups"}
    return KpiAnswer(now=span.now, since=span.since, until=span.until, by=by, groups=groups, **rest)


def cards(frames: "Frames", span: Span, called: Names) -> Scorecards:
    """The scorecards of a span."""
    from pipeline.analytics.scorecards import scorecards

    def of(by: str) -> list[ScorecardModel]:
        return [
            ScorecardModel(name=called.get((by, one.key)), **{f: getattr(one, f) for f in one.__dataclass_fields__})
            for one in scorecards(frames, span, by=by)
        ]

    return Scorecards(now=span.now, since=span.since, until=span.until, few=FEW, technicians=of("assignee"),
                      contractors=of("contractor"))  # fmt: skip


def forecast(reader: Reader, park: str, *, now: datetime, limit: int, overdue: bool = True) -> ForecastAnswer:
    """The open promises of a park, the likeliest misses first."""
    from pipeline.analytics import frames

    conn = reader.connection
    rows = frames.rows(conn, "history", {"park": park, "since": now - HISTORY})
    running = {(r["work_order"], r["kind"]): r for r in frames.rows(conn, "running", {"park": park, "now": now})}
    found = forecasts(
        rows, {key: r["left_s"] for key, r in running.items()}, ZoneInfo(frames.zone(conn, park)), now=now
    )
    open_ = [one for one in found if (one.work_order, one.kind) in running]
    items = []
    for one in [one for one in open_ if overdue or not one.overdue][:limit]:
        row = running[one.work_order, one.kind]
        who = row["assignee_name"]
        items.append(
            ForecastItem(
                **{**asdict(one), "of": list(one.of)},
                title=Name(zh=row["title_zh"], en=row["title_en"]), priority=row["priority"], state=row["order_state"],
                assignee=Name(zh=who, en=who) if who else None,
            )
        )  # fmt: skip
    return ForecastAnswer(
        now=now, open=len(open_), overdue=sum(one.overdue for one in open_),
        unknown=sum(one.probability is None for one in open_), enough=ENOUGH, items=items,
        history=sum(row["due"] is not None and row["due"] <= now for row in rows),
    )  # fmt: skip


def names(reader: Reader, park: str) -> Names:
    """What keys are called, by what they are of."""
    from pipeline.analytics import frames

    found = frames.rows(reader.connection, "names", {"park": park})
    return {(row["by"], row["key"]): Name(zh=row["name_zh"], en=row["name_en"]) for row in found}


def _write(at: datetime) -> str:
    return f"{at.isoformat()} or later"
