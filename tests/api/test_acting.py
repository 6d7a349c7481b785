"""What a request must show before it changes anything: JSON, our own page or no browser, a server that acts, a decent
size, a database that lets people act."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.context import acting_context
from simulators.servers.proxy import Proxy
from tests.api.alarmed import add_rules, raise_on
from tests.api.messages import Hand
from tests.api.serving import NOW, Answer, Served, serving

ACKNOWLEDGE = "/api/v1/alarms/acknowledge"


@pytest.fixture
def alarm(hand: Hand) -> int:
    return raise_on(hand.admin, add_rules(hand.admin)["fault"], NOW)


@pytest.fixture
def api(database: str, alarm: int) -> Iterator[Served]:
    with serving(database, api_hosts="park.example") as served:
        yield served


def act(api: Served, alarm: int, headers: dict[str, str], body: Any = None) -> Answer:
    return api.post(ACKNOWLEDGE, body or {"actor": "Li Ming", "alarms": [alarm]}, headers=headers)


def untouched(api: Served, alarm: int) -> bool:
    found = api.ok(f"/api/v1/alarms/{alarm}")
    return not found["acknowledged"] and len(found["journal"]) == 1


def test_every_route_that_changes_something_asks_for_it(api: Served) -> None:
    acting = {
        f"{method} {route.path}"
        for route in api.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"GET", "HEAD"}
        if acting_context not in {dependency.call for dependency in route.dependant.dependencies}
    }
    assert acting == set()


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"Content-Type": "text/plain"}, 415, "not-json"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "not-json"),
        ({"Content-Type": ""}, 415, "not-json"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "cross-site"),
        ({"Sec-Fetch-Site": "same-site"}, 403, "cross-site"),
        ({"Origin": "https://evil.example"}, 403, "cross-site"),
        ({"Origin": "null"}, 403, "cross-site"),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403, "cross-site"),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403, "cross-site"),
        ({"Origin": "http://park.example", "Sec-Fetch-Site": "cross-site"}, 403, "cross-site"),
        ({"Host": "evil.example"}, 421, "misdirected"),
    ],
)
def test_another_site_s_page_is_refused(
    api: Served, alarm: int, headers: dict[str, str], status: int, kind: str
) -> None:
    answer = act(api, alarm, headers)
    assert (answer.status, answer.json["type"]) == (status, f"/api/v1/problems/{kind}")
    assert untouched(api, alarm)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8080"},
        {"Origin": "http://park.example"},
        {"Origin": "http://[::1]:8080"},
    ],
)
def test_our_own_page_and_what_is_no_browser_may_act(api: Served, alarm: int, headers: dict[str, str]) -> None:
    assert act(api, alarm, headers).json["items"][0]["outcome"] == "done"


def test_a_script_of_another_site_that_asks_first_is_not_answered(api: Served) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = api.get(ACKNOWLEDGE, method="OPTIONS", headers=asking)
    assert (answer.status, [name for name in answer.headers if name.startswith("access-control")]) == (405, [])


def test_a_server_that_only_shows_refuses_every_act(database: str, alarm: int) -> None:
    with serving(database, api_read_only=True) as api:
        answer = act(api, alarm, {})
        assert (answer.status, answer.json["type"]) == (403, "/api/v1/problems/read-only")
        assert untouched(api, alarm)
        assert api.ok("/api/v1/overview")["tiles"]["alarms"]["data"]["read_only"] is True


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b"\xff", b'{"actor": "x", "alarms": "all"}'])
def test_a_body_that_is_none_is_told_so(api: Served, alarm: int, body: bytes) -> None:
    answer = api.post(ACKNOWLEDGE, body)
    assert answer.status == 400
    assert untouched(api, alarm)


def test_a_request_that_is_too_long_or_says_no_length_is_refused(api: Served, alarm: int) -> None:
    answer = act(api, alarm, {}, b" " * 300_000)
    assert (answer.status, answer.json["type"]) == (413, "/api/v1/problems/too-large")
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        head = f"POST {ACKNOWLEDGE} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(100)


def test_an_account_that_may_not_act_is_told_what_to_do(database: str, alarm: int, hand: Hand) -> None:
    hand.sql(b"create role shows_only login password 'secret'")
    hand.sql(b"grant park_reader to shows_only")
    owner = database.split("//")[1].split("@")[0]
    try:
        with serving(database.replace(f"//{owner}@", "//shows_only:secret@")) as api:
            answer = act(api, alarm, {})
            assert (answer.status, answer.json["type"]) == (503, "/api/v1/problems/not-ready")
            assert "grant park_operator" in answer.json["detail"]
    finally:
        hand.sql(b"drop role shows_only")


def test_while_the_database_is_away_nobody_acts_and_it_is_told(
    database: str, alarm: int, cut: Callable[[int], Proxy]
) -> None:
    port = int(database.rsplit(":", 1)[1].split("/")[0])
    proxy = cut(port)
    with serving(database.replace(f":{port}/", f":{proxy.port}/")) as api:
        assert act(api, alarm, {}).status == 200
        proxy.cut()
        for path in ("alarms", f"alarms/{alarm}", "holds", "maintenance"):
            assert api.get(f"/api/v1/{path}").status == 503
        answer = act(api, alarm, {})
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        proxy.heal()
