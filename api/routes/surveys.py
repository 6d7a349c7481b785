"""The periodic survey among enterprises: which there are, making one, answering it for one's company."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import request_models as models
from api.alarm_models import NumberPath
from api.auth import Signed, needs
from api.context import Acting, Api, Context
from api.models import Name
from api.parameters import Instant, OfParkQuery, Parameters, ParkId
from api.routes import PREFIX
from pipeline.domain.role import Permission, Principal
from pipeline.store import surveys as store

router = APIRouter(prefix=PREFIX, tags=["requests"])

READ = (Permission.RATE, Permission.KPI_READ, Permission.REQUEST_SUPERVISE)


class Survey(BaseModel):
    survey: int
    name: Name
    opens: datetime
    closes: datetime
    open: bool
    stars: int | None = Field(description="What your company said.")
    words: str | None
    answers: int | None = Field(description="How many companies said something; null: not for tenants.")
    mean: float | None


class Surveys(BaseModel):
    items: list[Survey]


class Surveying(Parameters):
    zh: models.Short
    en: models.Short
    opens: Instant
    closes: Instant
    park: ParkId | None = None


@router.get("/surveys", dependencies=[needs(*READ)])
def surveys(api: Api, who: Signed, asked: OfParkQuery) -> Surveys:
    """Surveys, newest first: tenants see what their company said, the park how many said what."""
    return told(api, who, asked.park)


@router.post("/surveys", dependencies=[needs(Permission.REQUEST_SUPERVISE)])
def make(api: Acting, who: Signed, asked: Surveying) -> Surveys:
    """Asks all companies, from when until when."""
    with api.database.read() as reader:
        park_id = api.park(reader, who.park_id or asked.park)
    new = store.NewSurvey(park_id=park_id, name_zh=asked.zh, name_en=asked.en, opens=asked.opens, closes=asked.closes)
    with api.database.write() as conn:
        store.make(conn, new, now=api.clock.now(), actor=who.actor)
    return told(api, who, park_id)


@router.post("/surveys/{survey}/answer")
def answer(
    api: Acting, who: Annotated[Principal, needs(Permission.RATE)], survey: NumberPath, asked: models.Rated
) -> Surveys:
    """What your company says, once."""
    with api.database.write() as conn:
        store.answer(
            conn, survey, park_id=who.park_id, company_id=who.company_id or "", stars=asked.stars, words=asked.words,
            now=api.clock.now(), actor=who.actor,
        )  # fmt: skip
    return told(api, who, None)


def told(api: Context, who: Principal, park: str | None) -> Surveys:
    """The surveys as they are now."""
    now, all_of_it = api.clock.now(), who.may(Permission.KPI_READ, Permission.REQUEST_SUPERVISE)
    with api.database.read() as reader:
        found = reader.rows("survey_list", park=api.park(reader, who.park_id or park), company=who.company_id)
    return Surveys(
        items=[
            Survey(
                survey=row["survey"], name=Name(zh=row["name_zh"], en=row["name_en"]), opens=row["opens"],
                closes=row["closes"], open=row["opens"] <= now < row["closes"], stars=row["stars"], words=row["words"],
                answers=row["answers"] if all_of_it else None, mean=row["mean"] if all_of_it else None,
            )
            for row in found
        ]
    )  # fmt: skip
