"""The shapes of answers about alarms, and of what people ask to be done about them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from api.models import Name
from api.parameters import Id, Instant, Parameters, ParkId, wrong
from pipeline.store.alarm_acts import ACTOR_LENGTH
from pipeline.store.alarms import SYSTEM

WORDS_LENGTH = 500
MOST_AT_ONCE = 1000

NumberPath = Annotated[int, Path(ge=1, lt=2**62)]


class AlarmSubject(BaseModel):
    kind: str = Field(description="point, device or space.")
    device_id: str | None
    device_name: Name | None
    point: str | None
    unit: str | None
    space_id: str | None = Field(description="Where it is; of kind space: what it is about.")
    space_name: Name | None
    building_id: str | None
    building: Name | None


class Current(BaseModel):
    """What the subject's point says now."""

    value: float | None
    ts: datetime
    quality: str


class Notice(BaseModel):
    """Whether people are told of it, and why (not)."""

    decision: str = Field(description="due, page or withheld.")
    reason: str
    at: datetime


class AlarmBrief(BaseModel):
    """An alarm without its rule's texts. Times are event times; received, annunciated, closed and seen_at are ours."""

    alarm: int
    rule_id: str
    rule_name: Name
    version: int = Field(description="Of the rule, as it was when the alarm was raised.")
    kind: str
    priority: str
    position: str = Field(description="The operator position that answers for it.")
    life_safety: bool
    maintenance: bool
    latches: bool
    state: str = Field(description="ISA-18.2's word: docs/glossary.md, AlarmState.")
    active: bool
    acknowledged: bool
    hold: str | None = Field(description="What keeps it from people: shelved, suppressed or out-of-service.")
    subject: AlarmSubject
    began: datetime
    raised: datetime = Field(description="When it became an alarm, the last time.")
    received: datetime
    annunciated: datetime
    returned: datetime | None
    seen_at: datetime | None
    seen_by: str | None
    closed: datetime | None
    historic: bool = Field(description="Recorded after the fact; pages nobody.")
    occurrences: int
    chattering: bool
    value: float | None
    current: Current | None
    reason: dict[str, Any] = Field(description="Why: its kind and what that compares; docs/api.md.")
    respond_s: float
    respond_by: datetime
    incident: int | None
    notice: Notice | None


class Alarm(AlarmBrief):
    cause: Name
    consequence: Name
    response: list[Name] = Field(description="What to do, step by step.")


class JournalEntry(BaseModel):
    at: datetime
    event_time: datetime
    received: datetime | None
    actor: str = Field(description="`system`, or what a person gave as a name.")
    action: str
    from_state: str | None
    to_state: str
    reason: str | None
    detail: dict[str, Any] | None


class AlarmDetail(Alarm):
    journal: list[JournalEntry]
    related: list[AlarmBrief] = Field(description="Other alarms of its incident, newest first, at most 100.")


class Incident(BaseModel):
    """Alarms that share a cause."""

    incident: int
    cause: str = Field(description="gateway, device, space or rule: what they have in common.")
    name: Name | None = Field(description="Of the gateway, the device, the place, or the rule and the place.")
    device_id: str | None
    space_id: str | None
    rule_id: str | None
    root: int | None = Field(description="The alarm that explains the others, where one does.")
    opened: datetime
    last: datetime = Field(description="Event time of its newest alarm.")
    alarms: int
    open: int
    unacknowledged: int
    priority: str | None = Field(description="The highest of its alarms.")
    life_safety: bool
    closed: datetime | None


class AlarmHold(BaseModel):
    hold: int
    kind: str = Field(description="shelved, suppressed or out-of-service.")
    rule_id: str | None = Field(description="null: of all alarms of the device.")
    rule_name: Name | None
    device_id: str | None
    device_name: Name | None
    point: str | None
    space_id: str | None
    space_name: Name | None
    alarm: int | None = Field(description="The open alarm that it keeps.")
    parent: int | None = Field(description="The alarm that explains it.")
    reason: str
    owner: str
    set_by: str
    set_at: datetime
    until: datetime | None
    ended: datetime | None
    ended_by: str | None


class MaintenanceWindow(BaseModel):
    """Planned work on a device, in a space and below, or in the whole park. It ends by itself."""

    maintenance: int
    device_id: str | None
    device_name: Name | None
    space_id: str | None
    space_name: Name | None
    starts: datetime
    ends: datetime
    reason: str
    set_by: str
    set_at: datetime
    cancelled: datetime | None
    in_force: bool


class Answer(BaseModel):
    """What became of one alarm of several."""

    alarm: int
    outcome: str = Field(description="done, already (somebody was faster) or refused.")
    state: str | None = Field(description="The state that it is in now; null: there is no such alarm.")
    reason: str | None
    seen_at: datetime | None
    seen_by: str | None


class Answers(BaseModel):
    items: list[Answer]


class Ended(BaseModel):
    """A hold that is over."""

    hold: int
    ended_by: str


def parse_words(value: Any) -> Any:
    """What a person typed, trimmed."""
    return value.strip() if isinstance(value, str) else value


def check_printable(value: str) -> str:
    """Text in which every character can be seen."""
    if not value.isprintable():
        raise wrong("has characters that cannot be shown", "plain text on one line")
    return value


def check_actor(value: str) -> str:
    """The name of a person: the journal says `system` where none acted."""
    if check_printable(value).casefold() == SYSTEM:
        raise wrong("is what the journal calls the system itself", "your name")
    return value


def check_text(value: str) -> str:
    """The same, on several lines if need be."""
    check_printable(value.replace("\n", "").replace("\r", "").replace("\t", ""))
    return value


Actor = Annotated[
    str,
    BeforeValidator(parse_words),
    AfterValidator(check_actor),
    Field(
        min_length=1,
        max_length=ACTOR_LENGTH,
        description="Who does it, where nobody signs in; else it is not looked at.",
    ),
]
Words = Annotated[
    str, BeforeValidator(parse_words), AfterValidator(check_text), Field(min_length=1, max_length=WORDS_LENGTH)
]


class ByPerson(Parameters):
    """What a person asks to be done; a member that is not known is an error."""

    actor: Actor | None = None


class Acknowledging(ByPerson):
    alarms: list[Annotated[int, Field(ge=1, lt=2**62)]] = Field(min_length=1, max_length=MOST_AT_ONCE)
    comment: Words | None = None


class Resetting(ByPerson):
    comment: Words | None = None


class Commenting(ByPerson):
    comment: Words


class Shelving(ByPerson):
    reason: Words
    minutes: Annotated[float, Field(gt=0)] | None = Field(None, description="Or `until`.")
    until: Instant | None = None


class Releasing(ByPerson):
    reason: Words | None = None


class TakingOut(ByPerson):
    reason: Words
    owner: Actor = Field(description="Who answers for it meanwhile.")
    until: Instant | None = Field(None, description="Default: until it is released.")
    whole_device: bool = Field(False, description="All alarms of the device, life safety apart.")


class PlanningMaintenance(ByPerson):
    park: ParkId | None = None
    device: Id | None = None
    space: Id | None = Field(None, description="And everything below; neither device nor space: the whole park.")
    starts: Instant
    ends: Instant
    reason: Words


class Cancelling(ByPerson):
    reason: Words | None = None
