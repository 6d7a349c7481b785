"""Who asks, and whether they may: sessions, tokens, and the one dependency by which a route says what it needs."""

from typing import Annotated, Any

from fastapi import Depends, Request

from pipeline.domain.errors import ParkError
from pipeline.domain.role import PERMISSIONS, Permission, Principal, Role

LOCAL = Principal("local", Role.ADMINISTRATOR, PERMISSIONS[Role.ADMINISTRATOR])
"""Whoever is on this machine, where PARK_API_SIGN_IN says so."""


class NotSignedIn(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 401
    """sign in first"""


class Forbidden(ParkError):  # noqa: N818 - the same, 403
    """your role may not do this"""


async def principal_of(request: Request) -> Principal:
    """Who asks. Raises NotSignedIn."""
    return LOCAL


def needs(*any_of: Permission) -> Any:
    """A dependency: the route is for who has one of these permissions. Raises NotSignedIn, Forbidden."""

    async def check(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        if not principal.may(*any_of):
            raise Forbidden(f"it takes {' or '.join(any_of)}, and the role {principal.role} does not have it")
        return principal

    check.needs = any_of  # type: ignore[attr-defined]
    return Depends(check)


Signed = Annotated[Principal, Depends(principal_of)]
