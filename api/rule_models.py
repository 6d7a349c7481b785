"""The shapes of answers about alarm rules, and of what people ask of them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.alarm_models import ByPerson
from api.parameters import Id, Instant, Parameters, ParkId

SPEC = "The rule itself: docs/rules.md. Answers have every field; requests may use the short words of a park file too."


class RuleItem(BaseModel):
    rule_id: str
    version: int = Field(description="The one in force.")
    origin: str = Field(description="Who wrote it last: park-file or api.")
    retired: bool
    at: datetime = Field(description="When this version was written.")
    actor: str
    watches: int = Field(description="How many subjects it watches now.")
    open_alarms: int
    rule: dict[str, Any] = Field(description=SPEC)


class RuleVersion(BaseModel):
    version: int
    at: datetime
    actor: str
    rule: dict[str, Any]


class RuleDetail(RuleItem):
    versions: list[RuleVersion] = Field(description="The newest first; at most 100.")


class Writing(ByPerson):
    """A new rule, or a new version of one."""

    rule: dict[str, Any] = Field(description=SPEC)
    version: int | None = Field(None, ge=1, description="The version that is changed; left out for a new rule.")
    park: ParkId | None = None


class Retiring(ByPerson):
    version: int = Field(ge=1, description="The version that is retired.")
    park: ParkId | None = None


class Trying(Parameters):
    """Either a rule or the id of one, and from when to when (default: the last seven days)."""

    rule: dict[str, Any] | None = Field(None, description=SPEC)
    rule_id: Id | None = None
    since: Instant | None = Field(None, alias="from")
    until: Instant | None = Field(None, alias="to")
    park: ParkId | None = None


class TriedSubject(BaseModel):
    device_id: str | None
    point: str | None
    space_id: str | None


class Advice(BaseModel):
    kind: str = Field(description="off-delay, deadband or on-delay.")
    amount: float = Field(description="Seconds; of a deadband: the point's unit.")
    alarms: int
    left: int = Field(description="So many of them would have come with it.")


class Chattering(BaseModel):
    subject: TriedSubject
    advice: Advice | None


class SubjectCount(BaseModel):
    subject: TriedSubject
    alarms: int


class WouldBe(BaseModel):
    subject: TriedSubject
    began: datetime
    raised: datetime
    returned: datetime | None = Field(description="null: it stands at the end.")
    value: float | None
    reason: dict[str, Any]
    reopened: bool = Field(description="The alarm before it would have gone on.")


class TrialModel(BaseModel):
    """Which alarms a rule would have raised."""

    rule_id: str
    since: datetime
    until: datetime
    subjects: int
    looked_at: int
    readings: int
    first: datetime | None = Field(description="The oldest reading or event that was looked at; null: there was none.")
    alarms: int = Field(description="Re-opened ones are not counted again.")
    raises: int
    standing: int = Field(description="Subjects whose alarm stood already when that time began.")
    chattering: list[Chattering]
    by_subject: list[SubjectCount]
    raised: list[WouldBe] = Field(description="At most 1000, oldest first.")
    truncated: str | None = Field(description="Why not everything was looked at or listed.")
