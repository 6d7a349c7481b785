"""Who asks, and whether they may: sessions, tokens, and the one dependency by which a route says what it needs."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.wrong import InvalidParameter, Wrong
from pipeline.domain.errors import ParkError
from pipeline.domain.role import PERMISSIONS, Permission, Principal, Role
from pipeline.settings import SignIn
from pipeline.store import passes

if TYPE_CHECKING:
    from api.context import Context

COOKIE = "park_session"
LOCAL = Principal("local", Role.ADMINISTRATOR, PERMISSIONS[Role.ADMINISTRATOR])
"""Whoever is on this machine, where PARK_API_SIGN_IN says so."""


class NotSignedIn(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 401
    """sign in first"""


class Forbidden(ParkError):  # noqa: N818 - the same, 403
    """your role may not do this"""


async def principal_of(request: Request) -> Principal:
    """Who asks. Raises NotSignedIn."""
    context: Context = request.app.state.context
    if context.settings.api_sign_in is SignIn.LOCAL:
        return LOCAL
    given = presented(request)
    if not given:
        raise NotSignedIn
    found = await run_in_threadpool(recognise, context, given)
    if found is None:
        raise NotSignedIn("what you signed in with is over; sign in again")
    return found


def presented(request: Request) -> str | None:
    """The pass that a request shows: the header counts, then the cookie."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, value = header.partition(" ")
        return value.strip() if scheme.lower() == "bearer" else None
    return request.cookies.get(COOKIE)


def recognise(context: "Context", given: str) -> Principal | None:
    """Whose pass that is; None where it does not hold."""
    idle = timedelta(hours=context.settings.session_idle_hours)
    with context.database.gate() as conn:
        return passes.principal_of(conn, given, now=context.clock.now(), idle=idle)


def needs(*any_of: Permission) -> Any:
    """A dependency: the route is for who has one of these permissions. Raises NotSignedIn, Forbidden."""

    async def check(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        if not principal.may(*any_of):
            who = "this token" if principal.token is not None else f"the role {principal.role}"
            raise Forbidden(f"it takes {' or '.join(any_of)}, and {who} does not have it")
        return principal

    check.needs = any_of  # type: ignore[attr-defined]
    return Depends(check)


def named(principal: Principal, typed: str | None) -> str:
    """Who the journals say did it: who is signed in, else the name that was typed. Raises InvalidParameter."""
    if principal.signed_in:
        return principal.actor
    if typed is None:
        raise InvalidParameter(Wrong("actor", "is missing", "your name", "body"))
    return typed


ANYBODY = needs(*Permission)
"""Whoever is signed in."""

Signed = Annotated[Principal, Depends(principal_of)]
