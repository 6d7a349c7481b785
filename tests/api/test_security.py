"""An API without sign-in answers to this machine only, and its pages load nothing from elsewhere."""

import http.client

import pytest

from api.security import check_address, content_policy, host_name
from api.visiting import whose
from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from tests.api.serving import Served, serving


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8080", "[::1]:8080", "127.0.0.1:1"])
def test_our_own_names_are_answered(api: Served, host: str) -> None:
    assert api.get("/healthz", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:x", "[::1", "", "127.0.0.1@evil.example", "10.0.0.1"]
)
def test_a_name_that_was_rebound_to_us_is_refused(api: Served, host: str) -> None:
    answer = api.get("/api/v1/parks", headers={"Host": host})
    assert (answer.status, answer.json["type"]) == (421, "/api/v1/problems/misdirected")


def test_a_request_without_host_is_refused(api: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.putrequest("GET", "/api/v1/parks", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status in {400, 421}
    connection.close()


def test_further_names_come_from_a_setting(filled: str) -> None:
    with serving(filled, api_hosts="api, park.example") as served:
        assert served.get("/healthz", headers={"Host": "park.example:8080"}).status == 200
        assert served.get("/healthz", headers={"Host": "other.example"}).status == 421


@pytest.mark.parametrize("path", ["/", "/api/v1/parks", "/nothing", "/healthz"])
def test_every_answer_carries_the_policy(api: Served, path: str) -> None:
    headers = api.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http:" not in policy
    for part in ("frame-ancestors 'none'", "base-uri 'none'", "style-src 'self';", "connect-src 'self';"):
        assert part in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


def test_inline_scripts_are_allowed_by_hash_alone() -> None:
    assert "script-src 'self' 'sha256-abc';" in content_policy(["sha256-abc"])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - refused, that is the point
def test_listening_beyond_this_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="PARK_API_TRUSTED_NETWORK=yes"):
        check_address(Settings.from_env({"PARK_API_HOST": host}))
    check_address(Settings.from_env({"PARK_API_HOST": host, "PARK_API_TRUSTED_NETWORK": "yes"}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_listening_on_this_machine_is_not(host: str) -> None:
    check_address(Settings.from_env({"PARK_API_HOST": host}))


@pytest.mark.parametrize(("value", "name"), [("A:1", "a"), ("[::1]", "::1"), ("[::1]x", ""), ("a:b", ""), ("", "")])
def test_host_headers_are_read_strictly(value: str, name: str) -> None:
    assert host_name(value) == name


@pytest.mark.parametrize(
    ("host", "counted"),
    [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
     ("fe80::1%eth0", "fe80::/64"), ("testclient", "testclient")],
)  # fmt: skip
def test_who_has_a_whole_network_of_addresses_is_counted_as_one(host: str, counted: str) -> None:
    assert whose(host) == counted
