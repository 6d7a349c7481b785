"""The shape of the answer about the quality of alarms."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.models import Name


class Figure(BaseModel):
    """One figure beside its target. met is null where that is not known: the whole span is not, or n is too small."""

    value: float | None
    target: float
    met: bool | None
    n: int = Field(description="What it was made from.")
    at: Annotated[datetime | None, Field(description="When it was so; of `stale`: since when the oldest stands.")] = (
        None
    )


class Figures(BaseModel):
    """ISA-18.2 and EEMUA 191; percentages are 0 to 100. Maintenance alarms are not among them."""

    average: Figure = Field(description="Alarms in 10 minutes, on average.")
    peak: Figure = Field(description="The most alarms within any 10 minutes.")
    flood: Figure = Field(description="Percent of the time in flood; n: floods.")
    top_10: Figure = Field(description="Percent of all alarms that the ten most frequent subjects of rules made.")
    chattering: Figure = Field(description="Subjects of rules that chattered.")
    stale: Figure = Field(description="Standing for more than 24 hours now; n: open alarms.")
    low: Figure = Field(description="Percent of priority low; these three are met together or not.")
    medium: Figure
    high: Figure = Field(description="High and critical.")
    critical: Figure = Field(description="Of these, critical.")


class Answered(BaseModel):
    """How people respond; there is no target."""

    share: float | None = Field(description="Percent of alarms that were acknowledged.")
    n: int
    median_s: float | None = Field(description="From when it was shown until it was acknowledged.")


class Apart(BaseModel):
    """Alarms that are not in the figures."""

    maintenance: int = Field(description="Of the equipment itself, shown to people.")
    held: int = Field(description="Shelved, suppressed by design, out of service.")
    historic: int = Field(description="Recorded after they were over.")


class Load(BaseModel):
    t: datetime
    alarms: int
    peak: int = Field(description="Most within 10 minutes that ended in this bin.")


class FloodSpan(BaseModel):
    started: datetime
    ended: datetime | None
    alarms: int


class AdviceModel(BaseModel):
    """What would have spared most: of `alarms` alarms `left` would have come."""

    kind: Literal["off-delay", "on-delay", "deadband"]
    amount: float = Field(description="Seconds; of a deadband: the point's unit.")
    now: float | None = Field(description="What is set; a deadband's is in its rule.")
    alarms: int
    left: int


class Nuisance(BaseModel):
    """A rule's subject that alarmed more often than others."""

    rule_id: str
    rule_name: Name
    kind: str
    priority: str
    device_id: str | None
    device_name: Name | None
    point: str | None
    unit: str | None
    space_id: str | None
    space_name: Name | None
    alarms: int
    share: float = Field(description="Percent of its position's alarms.")
    last: datetime
    chattering: bool
    fleeting: int = Field(description="How many were over within seconds, where that was again and again.")
    median_s: float | None = Field(description="How long they stood.")
    advice: AdviceModel | None


class PositionQuality(BaseModel):
    """One operator position."""

    position: str
    alarms: int
    known_since: datetime | None = Field(description="Before that there were no rules.")
    silent_hours: int = Field(description="Whole hours since then in which nothing at all was heard.")
    covered: bool = Field(description="The whole span is known: only then does a good figure count as met.")
    missed: int = Field(description="Figures that miss their target.")
    figures: Figures
    acknowledged: Answered
    apart: Apart
    loads: list[Load] = Field(description="Bins without alarms are left out.")
    floods: list[FloodSpan]
    nuisances: list[Nuisance]


class AlarmQuality(BaseModel):
    now: datetime
    days: float
    since: datetime
    until: datetime
    bin_s: int
    looked: datetime | None = Field(description="When the engine last looked for floods; null: never.")
    items: list[PositionQuality] = Field(description="The position that misses most first.")
