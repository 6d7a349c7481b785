"""Types of query and path parameters: what is accepted, and what to write where something else was given."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

EXAMPLE = "2026-11-21T08:00:00+08:00"
PARK = r"^[a-z0-9][a-z0-9-]{0,62}$"
ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def parse_instant(value: Any) -> datetime:
    """An ISO 8601 time with an offset, as UTC; in a query string a `+` may have become a space."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    text = str(value)
    try:
        found = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    except ValueError:
        raise wrong("is not an ISO 8601 time", EXAMPLE) from None
    if found.tzinfo is None:
        raise wrong("has no offset, so that nobody can tell which instant it is", f"{text}+08:00, or {text}Z for UTC")
    if not EARLIEST < found.replace(tzinfo=UTC) < LATEST:
        raise wrong("is outside 1970 to 2200", EXAMPLE)
    return found.astimezone(UTC)


def parse_text(value: Any) -> Any:
    """Text without control characters."""
    if isinstance(value, str) and CONTROL.search(value):
        raise wrong("has control characters", "plain text")
    return value


def wrong(why: str, write: str) -> PydanticCustomError:
    """An error that says what to write instead (api/wrong.py takes both from its context)."""
    return PydanticCustomError("wrong", "{why}; write {write}", {"why": why, "write": write})


Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "example": EXAMPLE}),
]
ParkId = Annotated[str, Field(pattern=PARK, description="Park id; may be left out where there is one park.")]
Id = Annotated[str, Field(pattern=ID)]
PathId = Annotated[str, Path(pattern=ID)]
Text = Annotated[str, BeforeValidator(parse_text), Field(min_length=1, max_length=100)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Field(ge=1, le=1000, description="Items a page.")]
Cursor = Annotated[str, Field(max_length=300, description="From `next` of the page before.")]


class Parameters(BaseModel):
    """A set of query parameters; one that is not in it is an error, because a misspelt filter would filter nothing."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class OfPark(Parameters):
    """A path whose answer is of one park."""

    park: ParkId | None = None


class Paged(OfPark):
    """A list that comes in pages."""

    limit: Limit = 100
    after: Cursor | None = None


OfParkQuery = Annotated[OfPark, Query()]
