"""Every error that the API answers with, in one table: RFC 9457 problem details, from domain errors to HTTP."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api import metrics
from api.auth import Forbidden, NotSignedIn
from api.database import TooSlow
from api.wrong import InvalidParameter, TooManyRows, Wrong, from_validation
from pipeline.domain.alarm import AlarmRefused
from pipeline.domain.booking import BookingRefused
from pipeline.domain.errors import ConfigurationError, NotFound, ParkError, Unavailable
from pipeline.domain.photo import PhotoRefused
from pipeline.domain.request import RequestRefused
from pipeline.domain.work_order import OrderRefused
from pipeline.store.alarm_acts import ActRefused
from pipeline.store.bookings import RoomTaken
from pipeline.store.passwords import PasswordRefused
from pipeline.store.people import PersonRefused
from pipeline.store.request_acts import RequestConflict
from pipeline.store.rules import RuleChanged
from pipeline.store.sla_terms import UnknownTerms
from pipeline.store.visitors import TooOften
from pipeline.store.work_orders import ActConflict

log = logging.getLogger("park.api")

MEDIA_TYPE = "application/problem+json"
TYPES = "/api/v1/problems/"
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its HTTP status, its title, and what a client can do about it."""

    status: int
    title: str
    remedy: str
    retry_after_s: int | None = None


class Starting(ParkError):  # noqa: N818 - a state, mapped below
    """the server has only just started"""


class TooManyStreams(ParkError):  # noqa: N818 - a state, mapped below
    """there are as many live streams as this server may hold"""


class CrossSite(ParkError):  # noqa: N818 - it names an answer, mapped below
    """a web page of another site may not act here"""


class NotJson(ParkError):  # noqa: N818 - the same
    """what is to be done is told as JSON, with the header Content-Type: application/json"""


class WrongPassword(ParkError):  # noqa: N818 - the same
    """nobody has this login and this password"""


class TooManyAttempts(ParkError):  # noqa: N818 - the same
    """there were too many wrong passwords"""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"come again in {max(1, round(wait.total_seconds()))} s")
        self.retry_after_s = max(1, round(wait.total_seconds()))


class ReadOnly(ParkError):  # noqa: N818 - the same
    """this server is set to show and not to act (PARK_API_READ_ONLY)"""


KINDS: dict[str, Kind] = {
    "invalid-parameter": Kind(400, "A parameter is wrong", "See `errors`: which parameter, and what to write."),
    "too-many-rows": Kind(400, "The answer would be too long", "Ask for less: see `errors`."),
    "not-signed-in": Kind(
        401, "Nobody is signed in", "POST /api/v1/session, or send a token as Authorization: Bearer."
    ),
    "wrong-password": Kind(401, "Login or password is wrong", "Check both; an administrator can set a new password."),
    "too-many-attempts": Kind(429, "Too many wrong passwords", "Come again after Retry-After seconds."),
    "forbidden": Kind(403, "That is for others to do", "Ask somebody whose role may; docs/people.md has the table."),
    "cross-site": Kind(403, "No other site may act here", "Use our own pages, or a client that is no browser."),
    "read-only": Kind(403, "This server does not act", "Use one that does, or set PARK_API_READ_ONLY=no."),
    "not-found": Kind(404, "There is no such thing", "Check the id; lists show what there is."),
    "method-not-allowed": Kind(405, "This method is not allowed here", "See the header Allow."),
    "refused": Kind(409, "That can't be done to it as it stands", "See `state` and `last`: what it is, who did what."),
    "changed-meanwhile": Kind(409, "It was changed meanwhile", "Read it again, and say which version you change."),
    "too-large": Kind(413, "The request is too long", "Send at most 256 kB, with its Content-Length."),
    "not-a-photo": Kind(400, "This is no photo that can be kept", "Send a JPEG, PNG or WebP, whole."),
    "not-json": Kind(415, "The request is not JSON", "Send JSON with Content-Type: application/json."),
    "misdirected": Kind(421, "This server does not answer to that host name", "Use 127.0.0.1, or set PARK_API_HOSTS."),
    "too-often": Kind(429, "That is too often", "Come again after Retry-After seconds, or sign in."),
    "internal": Kind(500, "The server made an error", "Report it with its `reference`, which the log has too."),
    "database-away": Kind(503, "The database is away", "Come again after Retry-After seconds.", RETRY_AFTER_S),
    "too-slow": Kind(503, "The query took too long", "Ask for a shorter time or a coarser resolution.", RETRY_AFTER_S),
    "not-ready": Kind(503, "The system is not set up", "An operator has to act: see `detail` and /readyz.", 30),
    "too-many-streams": Kind(503, "Too many live streams", "Close some, or come again.", 30),
    "http": Kind(400, "The request can't be answered", "See `detail`."),
}

# The first class in an error's ancestry counts.
OF: Mapping[type[Exception], str] = {
    InvalidParameter: "invalid-parameter",
    TooManyRows: "too-many-rows",
    NotFound: "not-found",
    TooSlow: "too-slow",
    Unavailable: "database-away",
    Starting: "database-away",
    TooManyStreams: "too-many-streams",
    NotSignedIn: "not-signed-in",
    WrongPassword: "wrong-password",
    TooManyAttempts: "too-many-attempts",
    PersonRefused: "refused",
    PasswordRefused: "refused",
    Forbidden: "forbidden",
    CrossSite: "cross-site",
    NotJson: "not-json",
    ReadOnly: "read-only",
    AlarmRefused: "refused",
    OrderRefused: "refused",
    UnknownTerms: "not-ready",
    RuleChanged: "changed-meanwhile",
    RequestRefused: "refused",
    BookingRefused: "refused",
    PhotoRefused: "not-a-photo",
    TooOften: "too-often",
    ConfigurationError: "not-ready",
}
OF_STATUS = {404: "not-found", 405: "method-not-allowed"}


def problem(
    slug: str,
    detail: str,
    *,
    instance: str | None = None,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """One problem as a response; `members` are extension members (RFC 9457, 3.2)."""
    kind = KINDS[slug]
    body: dict[str, Any] = {
        "type": TYPES + slug,
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        **({"instance": instance} if instance else {}),
        **members,
    }
    retry = {"Retry-After": str(kind.retry_after_s)} if kind.retry_after_s else {}
    metrics.PROBLEMS.labels(slug).inc()
    return JSONResponse(
        body, status or kind.status, headers={"Cache-Control": "no-store", **retry, **(headers or {})},
        media_type=MEDIA_TYPE,
    )  # fmt: skip


def of_error(request: Request, error: Exception) -> Response:
    """Any of our own errors as a problem."""
    slug = next((OF[cls] for cls in type(error).__mro__ if cls in OF), None)
    if slug is None:
        return of_surprise(request, error)
    if slug == "not-ready":
        log.warning("not ready: %s", error)
    members: dict[str, Any] = {}
    if isinstance(error, InvalidParameter | TooManyRows):
        members["errors"] = [wrong.out() for wrong in error.wrongs]
    if isinstance(error, TooManyAttempts):
        after = error.retry_after_s
        return problem(
            slug, str(error), instance=request.url.path, headers={"Retry-After": str(after)}, retry_after_s=after
        )
    if isinstance(error, ActRefused):
        members |= {"alarm": error.alarm, "state": error.state, "last": error.last and jsonable_encoder(error.last)}
    if isinstance(error, ActConflict):
        members |= {"work_order": error.order, "state": error.state, "version": error.version,
                    "last": error.last and jsonable_encoder(error.last)}  # fmt: skip
    headers: dict[str, str] = {}
    if isinstance(error, RequestConflict):
        members |= {"request": error.request, "version": error.version, "state": error.state}
        members["last"] = error.last and jsonable_encoder(error.last)
    if isinstance(error, RoomTaken):
        members |= jsonable_encoder({"since": error.since, "until": error.until, "company": error.by})
    if isinstance(error, TooOften):
        headers["Retry-After"] = str(error.retry_after_s)
    return problem(slug, str(error), instance=request.url.path, headers=headers, **members)


def of_validation(request: Request, error: Exception) -> Response:
    """What FastAPI found wrong with the parameters or the body: all of them at once."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    return of_error(request, InvalidParameter(*from_validation(request, error)))


def of_http(request: Request, error: Exception) -> Response:
    """Errors of the framework: unknown paths, wrong methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    slug = OF_STATUS.get(error.status_code, "http")
    detail = error.detail if error.detail not in {"Not Found", "Method Not Allowed"} else ""
    if not detail:
        detail = f"{request.method} {request.url.path} is not part of this API; /api/v1/openapi.json describes it"
    return problem(slug, detail, instance=request.url.path, status=error.status_code, headers=error.headers)


def of_surprise(request: Request, error: Exception) -> Response:
    """An error nobody foresaw: logged whole under a reference, answered without internals."""
    reference = secrets.token_hex(6)
    log.error("reference %s: %s %s", reference, request.method, request.url.path, exc_info=error)
    return problem("internal", f"the log has this error as {reference}", reference=reference)


def install(app: FastAPI) -> None:
    """Makes the table the app's only way of answering errors."""
    app.add_exception_handler(ParkError, of_error)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(Exception, of_surprise)


__all__ = ["KINDS", "MEDIA_TYPE", "InvalidParameter", "Starting", "TooManyStreams", "Wrong", "install", "problem"]
