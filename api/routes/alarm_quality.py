"""The quality of alarms: whether they leave people time to respond, by operator position, beside ISA-18.2's targets."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.auth import needs
from api.context import Api
from api.parameters import OfPark, Text
from api.quality import quality
from api.quality_models import AlarmQuality
from api.routes import PREFIX
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["alarms"], dependencies=[needs(Permission.PARK_READ)])


class OfQuality(OfPark):
    days: int = Field(30, ge=1, le=366, description="How far back, in days of 24 hours.")
    position: Text | None = Field(None, description="One operator position; default: all.")


@router.get("/alarm-quality")
def alarm_quality(api: Api, asked: Annotated[OfQuality, Query()]) -> AlarmQuality:
    """ISA-18.2 / EEMUA 191 figures beside their targets, by operator position, with what alarms most and what helps."""
    with api.database.read() as reader:
        park = api.park(reader, asked.park)
        return quality(reader, park, now=api.clock.now(), days=asked.days, position=asked.position)
