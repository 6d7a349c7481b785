"""The shapes of answers about work orders, and of what people ask to be done to them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field

from api.alarm_models import Actor, Words
from api.models import Name
from api.parameters import Id, Instant, Parameters, ParkId
from pipeline.domain.work_order import OrderAction

OrderPath = Annotated[int, Path(ge=1, lt=2**62)]
Priority = Literal["P1", "P2", "P3", "P4"]


class Party(BaseModel):
    id: str
    name: Name


class Assignee(BaseModel):
    login: str | None = Field(description="Not shown to tenants.")
    name: str


class Place(BaseModel):
    space_id: str | None
    space: Name | None
    building_id: str | None
    building: Name | None
    device_id: str | None
    device: Name | None


class Clock(BaseModel):
    """One promise. It is derived from events and calendars; docs/sla.md."""

    kind: str = Field(description="acknowledge, respond or restore.")
    state: str = Field(description="running, paused, met, missed or void.")
    target_s: float | None
    started: datetime
    due: datetime | None
    stopped: datetime | None
    spent_s: float | None = Field(description="Time of its calendar; null while it runs.")
    wall_s: float | None
    paused_s: float
    breached: datetime | None
    provisional: bool = Field(description="Done, and not yet verified.")


class WorkOrder(BaseModel):
    """What a technician does, whatever it came from. To tenants, what is the desk's own is null."""

    work_order: int
    park_id: str
    origin: str = Field(description="alarm, incident, request, round, planned, inspection or staff.")
    service: str
    service_name: Name | None
    category: str | None
    skill: str
    priority: str
    title: Name
    words: str | None
    place: Place
    company: Party | None
    contractor: Party | None
    alarm: int | None
    incident: int | None
    request: int | None
    plan: int | None
    state: str
    version: int = Field(description="Say it when you act, and you act on what you saw.")
    assignee: Assignee | None
    appointment: datetime | None
    waiting_for: str | None
    verify_s: float | None = Field(description="Its point has to be normal for so long after done.")
    verified: str = Field(description="open, pending, sensor, person or failed.")
    proof: str | None = Field(
        description="How on site was shown: nfc, code, geofence, access (a gate), or only claimed."
    )
    returned: datetime | None = Field(description="Its alarms were over then, before anybody took it.")
    occurrences: int
    reopenings: int
    created: datetime
    acknowledged: datetime | None
    responded: datetime | None
    done: datetime | None
    closed: datetime | None
    possible: list[str] = Field(description="What you can do to it now.")
    clocks: list[Clock]


class OrderEvent(BaseModel):
    seq: int
    action: str
    from_state: str | None
    to_state: str
    actor: str
    at: datetime = Field(description="Park time at which it was written.")
    happened: datetime = Field(description="When it counts: the phone's time corrected, never before the order.")
    device_time: datetime | None
    offset_s: float | None
    reason: str | None
    detail: dict[str, Any]


class OrderPhoto(BaseModel):
    photo: str = Field(description="sha256 of its bytes; GET /api/v1/photos/{photo}.")
    what: str
    at: datetime
    actor: str


class SlaEvent(BaseModel):
    kind: str
    what: str
    percent: float | None
    at: datetime
    recorded: datetime
    detail: dict[str, Any]


class OrderDetail(WorkOrder):
    alarms: list[int] = Field(description="All that joined it.")
    events: list[OrderEvent]
    photos: list[OrderPhoto]
    sla_events: list[SlaEvent]


class Plan(BaseModel):
    """Work that comes by itself."""

    plan_id: str
    kind: str = Field(description="planned, inspection or round.")
    name: Name
    service: str
    skill: str
    priority: str
    space_id: str | None
    device_id: str | None
    every_days: int | None
    at_times: list[str] | None
    point: str | None = Field(description="The counter by which it is due.")
    every_count: float | None
    counted: float | None = Field(description="From where the counter counts on.")
    lead_days: int
    expires: date | None = Field(description="Last day of the certificate that stands now.")
    expired: bool
    next: datetime | None = Field(description="Due next.")
    work_order: int | None = Field(description="Its newest order that is open.")


class Time(BaseModel):
    now: datetime = Field(description="Park time: a phone measures by how much its own clock differs.")


class ActDetail(Parameters):
    """What belongs to an act; which member to which action is in docs/work-orders.md."""

    photos: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(default=[], max_length=20)
    what: Literal["before", "after", "other"] | None = None
    proof: Literal["code", "nfc", "geofence"] | None = None
    code: Annotated[str, Field(max_length=200)] | None = None
    position: tuple[float, float] | None = Field(None, description="[lon, lat] in WGS-84; kept nowhere.")
    person: Annotated[str, Field(max_length=64)] | None = Field(None, description="assign: their login.")
    to: Priority | None = None
    at: Instant | None = Field(None, description="appoint: the time that the tenant chose.")
    words: Words | None = None
    remote: bool | None = Field(None, description="finish: without going there.")
    cause: Annotated[str, Field(max_length=64)] | None = Field(None, description="finish: what it was.")
    expires: date | None = Field(None, description="finish of an inspection: last day of the new certificate.")


class Acting(Parameters):
    action: OrderAction
    client_id: UUID = Field(description="Made by the client: the same again changes nothing.")
    version: int | None = None
    device_time: Instant | None = Field(None, description="When it was done, by the phone.")
    offset_s: float = Field(0.0, ge=-1e7, le=1e7, description="Park time less the phone's, at its last sync.")
    reason: Words | None = None
    detail: ActDetail = Field(default_factory=lambda: ActDetail.model_validate({}))
    actor: Actor | None = Field(None, description="Where nobody has to sign in: who does it.")


class Opening(Parameters):
    client_id: UUID
    park: ParkId | None = None
    service: Id
    words: Words
    title: Name | None = None
    skill: Id | None = Field(None, description="Default: the service's.")
    priority: Priority | None = Field(None, description="Default: the service's.")
    space: Id | None = None
    device: Id | None = None
    company: Id | None = None
    actor: Actor | None = None
