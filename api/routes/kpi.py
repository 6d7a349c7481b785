"""How service is doing: promises kept, times, causes, scorecards, satisfaction, and which open orders will be late."""

from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import kpi as figures
from api import kpi_tables as tables
from api.auth import needs
from api.context import Api, Context
from api.kpi_models import By, ForecastAnswer, KpiAnswer, Scorecards
from api.parameters import Instant, OfPark
from api.routes import PREFIX
from pipeline.analytics.figures import Span
from pipeline.domain.role import Permission

if TYPE_CHECKING:
    from pipeline.analytics.frames import Frames

router = APIRouter(prefix=PREFIX, tags=["kpi"], dependencies=[needs(Permission.KPI_READ)])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class OfSpan(OfPark):
    since: Instant | None = Field(None, description="Promises that ran out from then on.")
    until: Instant | None = Field(None, description="Up to then; default, and at most: now.")
    days: int = Field(30, ge=1, le=400, description="Days of 24 hours before `until`, where `since` is left out.")


class OfKpi(OfSpan):
    by: By = Field("service", description="What the groups are of.")


class OfTable(OfKpi):
    lang: Literal["zh", "en"] = "zh"


class OfForecast(OfPark):
    limit: int = Field(50, ge=1, le=1000)
    overdue: bool = Field(True, description="With those that ran out already; they are counted all the same.")


@router.get("/kpi")
def kpi(api: Api, asked: Annotated[OfKpi, Query()]) -> KpiAnswer:
    """Attainment by when promises ran out, times, groups, weeks, causes of misses, satisfaction, the share online."""
    return figures.answer(*_read(api, asked), by=asked.by)


@router.get("/kpi.csv", response_class=Response)
def kpi_csv(api: Api, asked: Annotated[OfTable, Query()]) -> Response:
    """The figures of all and of each group, a row a kind of promise, as CSV (UTF-8)."""
    found = figures.answer(*_read(api, asked), by=asked.by)
    content = tables.as_csv(tables.figures(found, asked.lang), asked.lang)
    return _file(content, "text/csv; charset=utf-8", f"kpi-{asked.by}-{found.until:%Y-%m-%d}.csv")


@router.get("/kpi.xlsx", response_class=Response)
def kpi_xlsx(api: Api, asked: Annotated[OfTable, Query()]) -> Response:
    """The same with weeks, causes, satisfaction and scorecards, as a workbook; its times are the park's."""
    read, span, called = _read(api, asked)
    found, cards = figures.answer(read, span, called, by=asked.by), figures.cards(read, span, called)
    makers = (tables.about, tables.figures, tables.weeks, tables.causes, tables.satisfaction, tables.online)
    sheets = [make(found, asked.lang) for make in makers]
    sheets += tables.scorecards(cards, asked.lang)
    content = tables.as_xlsx(sheets, asked.lang, zone=ZoneInfo(span.zone), made=span.now)
    return _file(content, XLSX, f"kpi-{asked.by}-{span.until:%Y-%m-%d}.xlsx")


@router.get("/kpi/scorecards")
def scorecards(api: Api, asked: Annotated[OfSpan, Query()]) -> Scorecards:
    """Technicians and contractors (绩效评价): from fewer than 10 cases no share is told."""
    return figures.cards(*_read(api, asked))


@router.get("/kpi/forecast")
def forecast(api: Api, asked: Annotated[OfForecast, Query()]) -> ForecastAnswer:
    """Open promises by the probability that they are missed, told from those of the same kind and hour."""
    with api.database.read() as reader:
        park = api.park(reader, asked.park)
        return figures.forecast(reader, park, now=api.clock.now(), limit=asked.limit, overdue=asked.overdue)


def _read(api: Context, asked: OfSpan) -> "tuple[Frames, Span, figures.Names]":
    """What figures are made from. The connection is given back before any is made: that takes longer than reading."""
    with api.database.read() as reader:
        park = api.park(reader, asked.park)
        span = figures.span_of(reader, park, asked.since, asked.until, days=asked.days, now=api.clock.now())
        return figures.frames_of(reader, park, span), span, figures.names(reader, park)


def _file(content: bytes, media_type: str, name: str) -> Response:
    """What a browser saves."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
