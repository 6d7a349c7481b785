"""The audit log: who changed what, when, from what to what. Orders, requests and alarms have journals of their own."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import Api
from api.models import Page
from api.paging import cursor, keys_of, next_link
from api.parameters import Instant, Parameters
from api.routes import PREFIX
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["people"], dependencies=[needs(Permission.AUDIT_READ)])


class AuditEntry(BaseModel):
    """One change."""

    entry: int
    at: datetime
    actor: str = Field(description="A login, `token:` and its name, `local` (a command on the server), or system.")
    action: str
    subject: str
    detail: dict[str, Any] = Field(description="Mostly `was` and `became`.")


class OfAudit(Parameters):
    actor: str | None = Field(None, max_length=80)
    subject: str | None = Field(None, max_length=120, description="Such as `services`, or `services/cleaning`.")
    since: Instant | None = None
    until: Instant | None = None
    after: str | None = Field(None, max_length=200)
    limit: int = Field(100, ge=1, le=1000)


@router.get("/audit")
def audit(api: Api, request: Request, asked: Annotated[OfAudit, Query()]) -> Page[AuditEntry]:
    """Changes, newest first. Nothing in this log can be changed or removed."""
    (after,) = keys_of(asked.after, int)
    filters = asked.model_dump(include={"actor", "subject", "since", "until"})
    with api.database.read() as reader:
        found = reader.rows("audit_list", prepare=False, after=after, rows=asked.limit + 1, **filters)
    items = [AuditEntry(**row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].entry)) if len(found) > asked.limit else None
    return Page(items=items, next=more)
