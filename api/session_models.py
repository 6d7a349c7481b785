"""The shapes of signing in, of people and of tokens."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from api.models import Name
from api.parameters import Instant, Parameters, ParkId
from pipeline.domain.role import Permission, Role
from pipeline.store.passwords import LONGEST

Login = Annotated[str, Field(min_length=1, max_length=80)]
LoginPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{1,39}$")]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Words = Annotated[str, Field(min_length=1, max_length=80)]
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=100)]


class SigningIn(Parameters):
    login: Login
    password: Password


class ChangingPassword(Parameters):
    password: Password
    new: Password


class SettingPassword(Parameters):
    password: Password


class Session(BaseModel):
    """Who asks, as what, and what that may."""

    actor: str = Field(description="What journals say: a login, `token:` and its name, or local.")
    name: str | None
    role: Role
    permissions: list[Permission]
    language: str
    company: str | None
    park: str | None = Field(description="Whose they are; null: of no one park.")
    time_zone: str | None = Field(description="Of that park, IANA name.")
    signed_in: bool = Field(description="false: no sign-in is asked for here, and acts take the name that is typed.")
    home: str = Field(description="The page that this role begins with.")
    expires: datetime | None = Field(None, description="Of a session, just made.")


class Profile(Parameters):
    """What is said of a person."""

    name: Words
    role: Role
    language: Literal["zh", "en"] = "zh"
    company: str | None = Field(None, max_length=64, description="Of a tenant, and of nobody else.")
    contractor: str | None = Field(None, max_length=64, description="Of a technician who is not the park's own.")
    skills: Ids = Field(default=[])
    spaces: Ids = Field(default=[], description="There and below; none: everywhere.")
    park: ParkId | None = None


class Person(BaseModel):
    login: str
    name: str
    role: Role
    language: str
    company: str | None
    contractor: str | None
    skills: list[str]
    spaces: list[str]
    active: bool


class PersonSession(BaseModel):
    session: int
    created: datetime
    seen: datetime
    expires: datetime
    agent: str | None = Field(description="What the browser called itself.")


class MakingToken(Parameters):
    name: Words
    role: Role
    scopes: list[Permission] | None = Field(None, description="Of its role's; default: all of them.")
    company: str | None = Field(None, max_length=64)
    expires: Instant | None = None
    park: ParkId | None = None


class Token(BaseModel):
    token: int
    name: str
    role: Role
    scopes: list[str]
    company: str | None
    made_by: str
    created: datetime
    seen: datetime | None
    expires: datetime | None


class MadeToken(BaseModel):
    token: int
    value: str = Field(description="Told this once.")


class Ended(BaseModel):
    """How many sessions an act ended."""

    sessions_ended: int


class TakingLink(BaseModel):
    """What a link is for, and for whom."""

    work_order: int
    title: Name
    place: Name | None
    priority: str
    state: str
    name: str = Field(description="Whom it was sent to.")
    language: str
    holds: bool = Field(description="Whether it can still be used.")
    used: datetime | None
    expires: datetime
    taken_by: str | None = Field(description="Who has the order now.")
