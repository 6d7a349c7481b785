"""The intake: what an operator was told of it, who sends how much and is limited, who is not understood."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api import models
from api.auth import needs
from api.context import Api
from api.database import Row
from api.paging import cursor, keys_of, next_link
from api.parameters import OfPark, Paged
from api.routes import PREFIX
from api.tiles.look import names
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["intake"], dependencies=[needs(Permission.PARK_READ)])


class OfConditions(Paged):
    open: bool | None = Field(None, description="true: not yet over; false: over; default: all.")
    kind: Literal["rejects", "flood", "conflicts"] | None = None


class OfMinutes(OfPark):
    minutes: int = Field(5, ge=1, le=1440, description="How far back, in minutes.")
    limit: int = Field(20, ge=1, le=100)


@router.get("/conditions")
def conditions(api: Api, request: Request, asked: Annotated[OfConditions, Query()]) -> models.Page[models.Condition]:
    """Conditions of the intake, newest first: rejects that devices have in common, floods, contradictions."""
    (after,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "intake_conditions",
            prepare=False,
            park=park_id,
            open=asked.open,
            kind=asked.kind,
            since=None,
            after=after,
            rows=asked.limit + 1,
        )
    items = [models.Condition(**row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].condition)) if len(found) > asked.limit else None
    return models.Page(items=items, next=more)


@router.get("/talkers")
def talkers(api: Api, asked: Annotated[OfMinutes, Query()]) -> models.Page[models.Talker]:
    """Who sends most, limited devices first; each lane keeps the 20 busiest of every 10 s by name."""
    now = api.clock.now()
    with api.database.read() as reader:
        since = now - timedelta(minutes=asked.minutes)
        found = reader.rows("intake_talkers", park=api.park(reader, asked.park), since=since, now=now, rows=asked.limit)
    return models.Page(items=[talker(row) for row in found], next=None)


@router.get("/rejects")
def rejects(api: Api, asked: Annotated[OfMinutes, Query()]) -> models.Page[models.Reject]:
    """Who sent what could not be understood, and why, most first."""
    since = api.clock.now() - timedelta(minutes=asked.minutes)
    with api.database.read() as reader:
        found = reader.rows("intake_rejects", park=api.park(reader, asked.park), since=since, rows=asked.limit)
    return models.Page(items=[models.Reject(**row, name=name_of(row)) for row in found], next=None)


def talker(row: Row) -> models.Talker:
    """A row of the query intake_talkers."""
    limit = models.DeviceLimit(**row) if row["per_minute"] is not None else None
    return models.Talker(**{k: v for k, v in row.items() if k != "limit"}, name=name_of(row), limit=limit)


def name_of(row: Row) -> models.Name | None:
    """A sender's names, where somebody registered it."""
    return models.Name(**names(row)) if row["name_zh"] or row["name_en"] else None
