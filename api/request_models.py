"""The shapes of requests, their catalogue and their photos, and of what people ask to be done to them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from api.alarm_models import check_text, parse_words
from api.models import Name
from api.parameters import Id, Parameters, ParkId
from pipeline.domain.request import RequestAction
from pipeline.store.requests import TOLD

Code = Annotated[str, Field(pattern=r"^[A-Z0-9]{4,20}$")]
CodePath = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{4,20}$")]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Long = Annotated[str, BeforeValidator(parse_words), AfterValidator(check_text), Field(min_length=1, max_length=2000)]
Short = Annotated[str, BeforeValidator(parse_words), AfterValidator(check_text), Field(min_length=1, max_length=200)]
Stars = Annotated[int, Field(ge=1, le=5)]
MOST_PHOTOS = 10


class Service(BaseModel):
    """One thing that can be asked for."""

    service: str
    category: str
    name: Name
    hint: Name | None
    skill: str | None = Field(description="Who does it; null: its department answers.")
    priority: str
    department: str | None
    paid: bool = Field(description="Quoted, and begun once the quote is accepted.")
    days: int | None = Field(description="An outcome is due within so many working days.")
    visitors: bool = Field(description="May be asked for by a code, without sign-in.")


class Services(BaseModel):
    items: list[Service]


class Place(BaseModel):
    """Names only."""

    space_id: str | None
    space: Name | None
    building_id: str | None
    building: Name | None
    device_id: str | None
    device: Name | None


class PlaceCode(BaseModel):
    """What a QR code stands for."""

    code: str
    park_id: str
    place: Place


class Party(BaseModel):
    id: str
    name: Name


class Rating(BaseModel):
    stars: int
    words: str | None
    at: datetime


class RequestBrief(BaseModel):
    request: int
    service: str
    service_name: Name
    category: str
    company: Party | None = Field(description="null: a visitor, or the park's own staff.")
    channel: str = Field(description="online, or how the desk was told: phone, desk, chat.")
    entered_by: str
    place: Place
    words: str
    state: str = Field(description="docs/glossary.md, RequestState.")
    version: int
    department: str | None
    due: datetime | None = Field(description="When an outcome is due, where the service promises one.")
    overdue: bool = Field(description="That is over, and there is no outcome.")
    supervised: bool = Field(description="督办: past due, or by a supervisor's word.")
    outcome: str | None
    appointment: datetime | None
    work_order: int | None
    created: datetime
    answered: datetime | None
    closed: datetime | None
    rating: Rating | None
    possible: list[str] = Field(description="What you can do to it now; docs/requests.md.")


class RequestEvent(BaseModel):
    at: datetime
    actor: str = Field(description="`system`, `visitor`, or a login.")
    action: str
    from_state: str | None
    to_state: str
    reason: str | None
    detail: dict[str, Any]


class ShownPhoto(BaseModel):
    photo: str
    what: str = Field(description="report, before, after, quote or other.")
    at: datetime
    actor: str


class Quote(BaseModel):
    quote: int
    amount: Decimal = Field(description="CNY.")
    words: str
    made_by: str
    made: datetime
    valid_until: datetime
    answer: str | None = Field(description="accepted, declined, withdrawn, expired; null: awaited.")
    answered: datetime | None
    answered_by: str | None


class OrderOfRequest(BaseModel):
    """How far the work is."""

    work_order: int
    state: str
    priority: str
    assignee: str | None = Field(description="Their name.")
    appointment: datetime | None
    waiting_for: str | None
    created: datetime
    acknowledged: datetime | None
    responded: datetime | None
    done: datetime | None
    closed: datetime | None


class RequestDetail(RequestBrief):
    events: list[RequestEvent]
    photos: list[ShownPhoto]
    quotes: list[Quote]
    order: OrderOfRequest | None


class Contact(BaseModel):
    request: int
    contact: str | None = Field(description="null: none was left, or it is deleted.")


class Kept(BaseModel):
    photo: str = Field(description="sha256 of what is kept: the picture without its metadata.")
    size: int


class Making(Parameters):
    client_id: UUID = Field(description="Made by the client: sent twice is one request.")
    service: Id
    words: Long
    code: Code | None = None
    space: Id | None = None
    device: Id | None = None
    photos: list[Hex] = Field(default=[], max_length=MOST_PHOTOS)
    contact: Short | None = Field(None, description="Of who is not signed in; deleted some days after it is closed.")
    channel: Literal["online", "phone", "desk", "chat"] | None = Field(
        None, description=f"By the desk only: how it was told, one of {', '.join(TOLD)}."
    )
    company: Id | None = Field(None, description="By the desk only: for whom.")
    park: ParkId | None = None


class Acting(Parameters):
    action: RequestAction
    client_id: UUID = Field(description="Made by the client: sent twice is one act.")
    version: Annotated[int, Field(ge=1)] | None = Field(None, description="The one that you saw, if you insist on it.")
    reason: Long | None = None
    detail: dict[str, Any] = Field(default={}, description="By action; docs/requests.md.")
    key: UUID | None = Field(None, description="Of who is not signed in: the client_id that made the request.")


class Rated(Parameters):
    stars: Stars
    words: Long | None = None
