"""The shapes of the answers about how service is doing; the figures themselves are pipeline/analytics/figures.py's."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.models import Name
from pipeline.analytics.estimates import Share, Times
from pipeline.analytics.figures import Cause, Fix, Kept, Online, Promise, Rating, Survey, Week

By = Literal["service", "priority", "space", "company", "contractor", "shift", "assignee", "origin"]


class KpiGroup(BaseModel):
    """Figures of one value; key null: not known, or none. name null: the key says it itself."""

    key: str | None
    name: Name | None
    clocks: list[Kept]
    fix: Fix


class KpiAnswer(BaseModel):
    """Shares are fractions with n and a 95 % Wilson interval, times seconds; docs/kpi.md defines each figure."""

    now: datetime = Field(description="Park time at which all of it was so.")
    since: datetime
    until: datetime = Field(
        description="Promises that ran out from `since` until before this count; never after `now`."
    )
    by: By
    promise: Promise
    clocks: list[Kept] = Field(description="Of orders that somebody, or something, waits for.")
    scheduled: list[Kept] = Field(description="Of rounds, planned maintenance and inspections.")
    fix: Fix
    weeks: list[Week]
    groups: list[KpiGroup]
    causes: list[Cause]
    faults: int = Field(description="Clocks that tell nothing: their calendar is not loaded that far.")
    rating: Rating
    surveys: list[Survey]
    online: Online


class ScorecardModel(BaseModel):
    """One technician or contractor. Shares and percentiles are null below 10 cases; n is always told."""

    key: str
    name: Name | None
    n: int = Field(description="Orders.")
    clocks: list[Kept]
    reached: Times = Field(description="From when they accepted until they arrived.")
    proven: Share = Field(description="Arrivals that were shown by NFC, code, gate or geofence, of all.")
    fix: Fix
    rating: Rating


class Scorecards(BaseModel):
    now: datetime
    since: datetime
    until: datetime
    few: int = Field(description="From fewer cases no share is told.")
    technicians: list[ScorecardModel]
    contractors: list[ScorecardModel]


class ForecastItem(BaseModel):
    """One open promise. probability null: too little is known to say, which is no good news."""

    work_order: int
    kind: str
    title: Name
    priority: str
    state: str
    assignee: Name | None
    due: datetime | None
    overdue: bool
    used: float | None = Field(description="The part of the promise that is gone; null: its clock is paused.")
    probability: float | None = Field(description="That it will be missed.")
    n: int = Field(description="Promises of the same kind and priority that it is told from.")
    base: float | None = Field(description="The share of those that was missed.")
    of: list[str] = Field(description="The narrowest class with history: kind, priority, service, hours.")


class ForecastAnswer(BaseModel):
    now: datetime
    open: int = Field(description="Promises that are open.")
    overdue: int
    unknown: int = Field(description="Of those not overdue: nobody knows.")
    history: int = Field(description="Promises that ran out, from which it is told.")
    enough: int = Field(description="With fewer of the same kind and priority nobody knows.")
    items: list[ForecastItem] = Field(description="The likeliest misses first.")
