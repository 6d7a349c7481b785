"""Every error is a problem detail that says which parameter was wrong and what to write; none shows the inside."""

import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.problems import KINDS
from simulators.servers.proxy import Proxy
from tests.api.serving import Served, serving


@pytest.fixture(scope="module")
def stranded() -> Iterator[Served]:
    """The API where no database is."""
    with serving("postgresql://park@127.0.0.1:9/park") as served:
        yield served


@pytest.mark.parametrize(
    ("path", "parameter", "write"),
    [
        ("devices?limit=0", "limit", "at least 1"),
        ("devices?limit=1001", "limit", "at most 1000"),
        ("devices?limit=many", "limit", "a whole number"),
        ("devices?family=meters", "family", "meter, gate, scanner, sensor or gateway"),
        ("devices?famly=meter", "famly", "family=…"),
        ("devices?provisional=perhaps", "provisional", "true or false"),
        ("devices?after=zzz", "after", "the `after` of the link in `next`"),
        ("devices?after=WzFd", "after", "the `after` of the link in `next`"),
        ("devices?q=a%00b", "q", "plain text"),
        ("devices?q=", "q", "something, or leave the parameter out"),
        ("devices?space=%27%3B--", "space", "letters, digits, - . _"),
        ("readings", "device", "point=…, or device=… and name=…"),
        ("readings?device=m1", "name", "point=…, or device=… and name=…"),
        ("readings?point=1&from=2026-11-21", "from", "2026-11-21+08:00, or 2026-11-21Z for UTC"),
        ("readings?point=1&to=yesterday", "to", "2026-11-21T08:00:00+08:00"),
        ("readings?point=1&to=9999-12-31T23:59:59Z", "to", "2026-11-21T08:00:00+08:00"),
        ("events?from=2026-11-22T00:00Z&to=2026-11-21T00:00Z", "from", "a time before 2026-11-21T00:00:00+00:00"),
        ("readings?point=1&pixels=100&resolution=raw", "pixels", "one of the two"),
        ("readings?point=1&pixels=100000", "pixels", "at most 4000"),
        ("readings?point=99999999999", "point", "at most 2147483647"),
        ("events?kind=party", "kind", "decision, passage, door, screening, status or transition"),
        ("live?last_event_id=" + "9" * 65, "last_event_id", "at most 64 characters"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_what_to_write(api: Served, path: str, parameter: str, write: str) -> None:
    answer = api.get(f"/api/v1/{path}")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == 400
    assert problem["type"] == "/api/v1/problems/invalid-parameter"
    assert [(e["parameter"], e["write"]) for e in problem["errors"]] == [(parameter, write)]


def test_all_that_is_wrong_is_said_at_once(api: Served) -> None:
    problem = api.get("/api/v1/devices?limit=0&family=x&state=asleep").json
    assert {e["parameter"] for e in problem["errors"]} == {"limit", "family", "state"}


def test_an_unknown_path_is_a_problem(api: Served) -> None:
    answer = api.get("/api/v1/nothing")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "/api/v1/openapi.json" in answer.json["detail"]


def test_a_wrong_method_is_a_problem_that_names_the_right_one(api: Served) -> None:
    answer = api.get("/api/v1/parks", method="DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert answer.json["type"].endswith("/method-not-allowed")


def test_each_type_of_problem_explains_itself(api: Served) -> None:
    for slug, kind in KINDS.items():
        assert api.ok(f"/api/v1/problems/{slug}")["title"] == kind.title
    assert api.get("/api/v1/problems/none").status == 404


def test_without_a_database_the_api_says_come_again(stranded: Served) -> None:
    paths = ["parks", "devices", "readings?point=1", "events", "overview", "live", "conflicts"]
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda path: stranded.get(f"/api/v1/{path}"), paths))
    for answer in answers:
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert answer.json["type"].endswith("/database-away")
        assert "127.0.0.1" not in answer.body.decode()


def test_without_a_database_it_is_alive_but_not_ready(stranded: Served) -> None:
    assert stranded.ok("/healthz") == {"status": "ok"}
    answer = stranded.get("/readyz")
    assert (answer.status, answer.json["ready"]) == (503, False)


def test_an_error_that_nobody_foresaw_shows_a_reference_and_nothing_else(
    filled: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(filled) as served:

        @served.app.get("/breaks")
        def breaks() -> None:
            raise RuntimeError("the password is swordfish")

        answer = served.get("/breaks")
    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "swordfish" not in answer.body.decode()
    assert answer.json["reference"] in caplog.text
    assert "swordfish" in caplog.text


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("devices?space=b99", ["space b99", "b1", "site"]),
        ("devices?building=b99", ["building b99", "b1"]),
        ("devices?gateway=gw-1", ["gateway gw-1", "gw"]),
        ("conflicts?device=m11", ["device m11", "m1"]),
        ("readings?device=m11&name=power", ["device m11", "m1"]),
        ("readings?device=m1&name=power", ["point power of device m1", "active_power", "energy"]),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(api: Served, path: str, names: list[str]) -> None:
    answer = api.get(f"/api/v1/{path}")
    assert (answer.status, answer.json["type"]) == (404, "/api/v1/problems/not-found")
    assert [name for name in names if name not in answer.json["detail"]] == []


def test_a_filter_that_exists_may_find_nothing(api: Served) -> None:
    for path in ("devices?space=b1&family=gate", "devices?gateway=gw&family=sensor", "conflicts?device=g1"):
        assert api.ok(f"/api/v1/{path}")["items"] == []


def test_readiness_is_told_in_time_while_the_database_hangs(filled: str, cut: Callable[[int], Proxy]) -> None:
    port = int(filled.rsplit(":", 1)[1].split("/")[0])
    proxy = cut(port)
    with serving(filled.replace(f":{port}/", f":{proxy.port}/")) as served:
        served.ok("/api/v1/parks")
        proxy.freeze()
        for _ in range(3):  # nor do those who ask again and again wait for one another
            begun = time.monotonic()
            answer = served.get("/readyz")
            assert time.monotonic() - begun < 2
            assert (answer.status, answer.json["ready"]) == (503, False)
        assert served.ok("/healthz") == {"status": "ok"}
        proxy.heal()


words = st.one_of(
    st.sampled_from(
        ["m1", "g1", "small", "raw", "15m", "1", "0", "-1", "true", "2026-11-21T00:00:00Z", "WyJhIl0", "active_power"]
    ),
    st.text(max_size=20),
)
names = st.sampled_from(
    [
        *(
            "park",
            "device",
            "name",
            "point",
            "from",
            "to",
            "resolution",
            "pixels",
            "kind",
            "family",
            "building",
            "space",
        ),
        *("building", "limit", "after", "q", "type", "state", "role", "notable"),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(["devices", "points", "readings", "events", "dead-letters", "conflicts", "spaces"]),
       query=st.dictionaries(names, words, max_size=5))  # fmt: skip
def test_nothing_that_is_asked_breaks_the_server(api: Served, path: str, query: dict[str, str]) -> None:
    encoded = urllib.parse.urlencode(query, errors="surrogatepass")
    assert api.get(f"/api/v1/{path}?{encoded}").status in {200, 400, 404}
