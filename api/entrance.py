"""The way in for browsers: the cookie, pages that are for who is signed in, and where everybody else is sent."""

from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth import COOKIE, NotSignedIn, principal_of, recognise
from pipeline.domain.errors import ParkError
from pipeline.domain.role import Permission, Role
from pipeline.settings import Settings

SIGN_IN = "/sign-in"
HOMES = {Role.TECHNICIAN: "/field", Role.OPERATOR: "/service", Role.MANAGER: "/service", Role.TENANT: "/requests"}
WALL_DAYS = 400  # browsers keep no cookie longer; a wall that still hangs there then is given its address again


class Moved(Exception):  # noqa: N818 - no error: where a page is instead
    """A page is elsewhere; with a pass, which the browser keeps from then on."""

    def __init__(self, where: str, *, keep: str | None = None) -> None:
        super().__init__(where)
        self.where, self.keep = where, keep


def shows(*any_of: Permission, unless: str | None = None) -> Any:
    """A page's dependency, as `needs` is an answer's: who may not see it is sent to sign in. Raises Moved.

    Where the database is away nobody can be recognised, and the page is shown to whoever has a cookie: it holds no
    figures, and a wall that starts over in that moment must not go dark. unless: a parameter that visitors come with.
    """

    async def check(request: Request) -> None:
        if unless is not None and unless in request.query_params:
            return
        given = request.query_params.get("token")
        if given is not None:
            raise await exchange(request, given)
        try:
            principal = await principal_of(request)
        except NotSignedIn:
            raise Moved(sign_in(request)) from None
        except ParkError:
            return
        if not principal.may(*any_of):
            home = home_of(request.app, principal.role)
            if request.url.path == "/" and home != "/":
                raise Moved(home)
            raise Moved(sign_in(request, refused="yes"))

    check.needs = any_of  # type: ignore[attr-defined]
    return check


async def exchange(request: Request, given: str) -> Moved:
    """A wall's token in an address becomes a cookie, and the address loses it. Others' tokens belong in no address."""
    principal = await run_in_threadpool(recognise, request.app.state.context, given)
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    path = request.url.path + (f"?{urlencode(rest)}" if rest else "")
    if principal is None or principal.token is None or principal.role is not Role.WALL:
        return Moved(f"{SIGN_IN}?{urlencode({'next': path})}")
    return Moved(path, keep=given)


def sign_in(request: Request, **more: str) -> str:
    """The address of the sign-in, in the language that was asked for, with the way back."""
    if (lang := request.query_params.get("lang")) is not None:
        more["lang"] = lang
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{SIGN_IN}?{urlencode({'next': path, **more})}"


def home_of(app: FastAPI, role: Role) -> str:
    """Where somebody of a role begins."""
    home = HOMES.get(role, "/")
    return home if home in app.state.pages else "/"


def keep_pass(answer: Response, settings: Settings, value: str, *, seconds: float) -> None:
    """Gives the browser a pass to keep: no script sees it, and no other site makes use of it."""
    answer.set_cookie(
        COOKIE, value, max_age=int(seconds), path="/", httponly=True, samesite="strict", secure=settings.api_https
    )


def drop_pass(answer: Response, settings: Settings) -> None:
    """Takes it back."""
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=settings.api_https)


async def moved(request: Request, error: Exception) -> Response:
    """Moved as a response."""
    assert isinstance(error, Moved)  # noqa: S101 - registered for this class
    answer = RedirectResponse(error.where, 303, headers={"Cache-Control": "no-store"})
    if error.keep:
        keep_pass(answer, request.app.state.context.settings, error.keep, seconds=WALL_DAYS * 86400)
    return answer


def install(app: FastAPI) -> None:
    """Makes the app send people where `Moved` says."""
    app.add_exception_handler(Moved, moved)


__all__ = ["SIGN_IN", "Moved", "drop_pass", "home_of", "install", "keep_pass", "shows"]
