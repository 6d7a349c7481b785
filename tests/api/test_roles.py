"""Every route, asked by every role, by nobody and by a token for something else: each is let in or kept out as the one
table says, and a route that says nothing is a mistake."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api.context import acting_context, signing_context
from pipeline.domain.role import PERMISSIONS, Permission, Role
from pipeline.store.database import connect
from tests.api.owned import CASES
from tests.api.serving import Answer
from tests.api.signed import Signed, signed
from tests.conftest import REPO
from tests.park import apply_small_park

PUBLIC = {
    "GET /sign-in", "GET /take/{token}", "GET /assets/{build}/{path:path}", "GET /healthz", "HEAD /healthz",
    "GET /readyz", "HEAD /readyz", "GET /metrics", "GET /api/v1/problems/{kind}", "POST /api/v1/session",
    "GET /api/v1/links/{token}", "POST /api/v1/links/{token}",
    # For visitors who scan the code on a door; each answers for that code alone, so many times an hour.
    "GET /api/v1/codes/{code}", "GET /report", "POST /api/v1/requests", "POST /api/v1/photos",
    "GET /api/v1/services",
    # What a visitor asked for, to who has the key that made it.
    "GET /api/v1/requests/{number}", "POST /api/v1/requests/{number}/act",
}  # fmt: skip
# What changes something, and is no act: it is done on a server that only shows, too.
OWN = {"POST /api/v1/session", "DELETE /api/v1/session", "POST /api/v1/session/password"}
CHANGES_NOTHING = {"POST /api/v1/rules/try"}  # a question too long for an address
NUMBER = "999999"  # what every path parameter is: there is no such thing
ENDS_ITSELF = ("DELETE", "/api/v1/session")


def calls(route: RouteContext) -> Iterator[Any]:
    """All that a route depends on."""
    left = [route.dependant]
    while left:
        one = left.pop()
        yield one.call
        left += one.dependencies


def needs(route: RouteContext) -> tuple[Permission, ...] | None:
    """What a route says that it takes; None: nothing is said."""
    return next((found for call in calls(route) if (found := getattr(call, "needs", None))), None)


def routes(doors: Signed) -> Iterator[tuple[str, RouteContext]]:
    """(method, route) of everything that the app answers, its own description apart."""
    for found in iter_route_contexts(doors.api.app.routes):
        if isinstance(found.original_route, APIRoute):
            for method in sorted(found.methods or ()):
                yield method, found


@pytest.fixture(scope="module")
def doors(database_server: str) -> Iterator[Signed]:
    from tests.conftest import cloned

    with cloned(database_server, "park") as url:
        with connect(url) as conn:
            apply_small_park(conn)
        with signed(url) as found:
            yield found


def test_every_route_says_what_it_takes_or_is_for_everybody(doors: Signed) -> None:
    said = {f"{method} {route.path}": needs(route) for method, route in routes(doors)}
    assert [name for name, permissions in said.items() if not permissions and name not in PUBLIC] == []
    assert [name for name in said if said[name] and name in PUBLIC] == [], "for everybody, and not for everybody"
    everything = {p for permissions in said.values() for p in permissions or ()}
    assert everything <= set(Permission)


def test_nothing_is_answered_that_is_not_walked(doors: Signed) -> None:
    others = [found for found in iter_route_contexts(doors.api.app.routes)
              if not isinstance(found.original_route, APIRoute)]  # fmt: skip
    assert [found.path for found in others] == ["/api/v1/openapi.json"], "the app's own description, and nothing else"


def test_every_route_that_changes_something_asks_who_sent_it_and_stops_where_a_server_only_shows(doors: Signed) -> None:
    behind = {f"{method} {route.path}": set(calls(route)) for method, route in routes(doors)
              if method not in ("GET", "HEAD")}  # fmt: skip
    assert {name for name in behind if signing_context not in behind[name] | actings(behind[name])} == CHANGES_NOTHING
    assert {name for name in behind if acting_context not in behind[name]} == OWN | CHANGES_NOTHING


def actings(found: set[Any]) -> set[Any]:
    """Who acts is asked what who signs in is asked (api/context.py), and more."""
    return {signing_context} if acting_context in found else set()


def test_a_screen_that_hangs_there_changes_nothing_and_a_tenant_sees_no_park(doors: Signed) -> None:
    own = {"/api/v1/session", "/api/v1/session/password"}  # of whoever is signed in
    for method, route in routes(doors):
        permissions = set(needs(route) or ())
        if permissions & PERMISSIONS[Role.WALL] and route.path not in own:
            assert method in ("GET", "HEAD"), f"{method} {route.path}"
        if permissions & {Permission.PEOPLE_WRITE} and method != "GET":
            assert permissions == {Permission.PEOPLE_WRITE} or route.path in own, f"{method} {route.path}"
    assert PERMISSIONS[Role.TENANT] & {Permission.PARK_READ, Permission.ORDER_READ, Permission.REQUEST_READ} == set()


def test_every_role_is_let_in_where_the_table_says_and_nowhere_else(doors: Signed) -> None:
    wrong = []
    walked = 0
    for method, route in routes(doors):
        permissions = needs(route)
        path = "/".join(NUMBER if part.startswith("{") else part for part in route.path.split("/"))
        if not permissions or (method, path) == ENDS_ITSELF:
            continue
        for who, held in doors.may.items():
            answer = ask(doors, method, path, who)
            walked += 1
            if not as_expected(answer, page=not path.startswith("/api/"), nobody=who == "nobody",
                               allowed=not held.isdisjoint(permissions)):  # fmt: skip
                wrong.append((who, method, path, answer.status, answer.body[:200]))
    assert wrong == []
    assert walked > 300


def as_expected(answer: Answer, *, page: bool, nobody: bool, allowed: bool) -> bool:
    """Whether an answer lets in who is allowed in, and tells everybody else why not."""
    if page:
        sent = answer.headers.get("location", "")
        return answer.status == (200 if allowed else 303) and (allowed or sent.startswith(("/sign-in?next=", "/")))
    kind = answer.json["type"].rsplit("/", 1)[1] if answer.status in (401, 403) else None
    if nobody:
        return (answer.status, kind) == (401, "not-signed-in")
    return answer.status not in (401, 403) if allowed else (answer.status, kind) == (403, "forbidden")


def ask(doors: Signed, method: str, path: str, who: str) -> Answer:
    """One request with nothing in it; of the live stream, its first line."""
    if path == "/api/v1/live":
        shown = "".join(f"{name}: {value}\r\n" for name, value in doors.shows[who].items())
        with socket.create_connection(("127.0.0.1", doors.api.port), timeout=20) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{shown}\r\n".encode())
            with connection.makefile("rb") as lines:
                status = int(lines.readline().split()[1])
                while status != 200 and lines.readline().strip():
                    pass
                return Answer(status, {}, b"" if status == 200 else lines.read())
    if method in ("GET", "HEAD"):
        return doors.api.get(path, method=method, headers=doors.shows[who])
    answer: Answer = doors.post(who, path, {}, method=method)
    return answer


def test_what_is_somebody_s_own_is_shown_to_them_alone(doors: Signed) -> None:
    database = doors.api.app.state.context.settings.database_url
    for case in CASES:
        with connect(database) as conn:
            path = case.make(conn)
        for who in doors.shows:
            status = doors.get(who, path).status
            assert status == 200 if who in case.seen_by else status in (401, 403, 404), (case.name, who, status)


def test_the_table_in_the_docs_is_the_table() -> None:
    assert table() in (REPO / "docs/people.md").read_text(encoding="utf-8")


def table() -> str:
    """Roles × permissions as docs/people.md has them."""
    head = f"| permission | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}\n"
    mark: Any = {True: "yes", False: ""}
    rows = (f"| `{p}` | {' | '.join(mark[p in PERMISSIONS[role]] for role in Role)} |" for p in Permission)
    return head + "\n".join(rows) + "\n"
