"""Each channel against a server that plays its provider: accepted, rejected (200 with an errcode too), 4xx, 5xx, 429
with Retry-After, never an answer, a byte now and then, refused connections, garbage, TLS that cannot be verified."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.notification import (
    NEEDED,
    Delivery,
    DeliveryError,
    DeliveryState,
    Urgency,
    delay_s,
    verdict,
)
from pipeline.notifier import channels
from pipeline.settings import Settings
from pipeline.store.outbox import Claimed
from simulators.servers.process import free_port
from tests.notifier.providers import (
    Letters,
    Web,
    certificate,
    garbage,
    mail,
    raw,
    silent,
    trickling,
    trickling_mail,
    web,
)

NOW = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)
SHORT = 0.4  # seconds that a provider has in these tests
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 characters").decode()
MESSAGE = Claimed(
    notification=7, cause="order:3:1:0", person=1, place=1, channel="webhook", address="", subject="[P1] 漏水·1号楼",
    body="新工单，请接单\n单号 WO-3", urgency="now", link="https://park.example/take/abc", attempts=1, made=NOW,
    deadline=NOW + timedelta(minutes=30), work_order=3, alarm=None,
)  # fmt: skip


def settings(**more: str) -> Settings:
    timeout = {"PARK_NOTIFY_TIMEOUT": str(SHORT), "PARK_NOTIFY_WEBHOOK_SECRET": SECRET}
    return Settings.from_env({**timeout, **{f"PARK_NOTIFY_{name}": value for name, value in more.items()}})


def send(channel: str, address: str, **more: str) -> Delivery:
    return channels.of(settings(**more))[channel](replace(MESSAGE, channel=channel, address=address), NOW)


@pytest.fixture
def provider() -> Iterator[Web]:
    with web() as found:
        yield found


def test_a_webhook_is_signed_and_carries_its_key(provider: Web) -> None:
    provider.answer = lambda _got: (200, {}, b'{"errcode": 0, "errmsg": "ok", "id": "w-1"}')
    assert send("webhook", f"{provider.url}/hook?key=1") == Delivery(provider_id="w-1")
    (got,) = provider.got
    told = json.loads(got.body)
    assert (told["id"], told["subject"], told["link"]) == ("smartpark-7", MESSAGE.subject, MESSAGE.link)
    # As docs/notifications.md tells receivers to check it.
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(b"a secret of 24 characters", signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert (got.path, got.headers["idempotency-key"]) == ("/hook?key=1", "smartpark-7")
    assert int(got.headers["webhook-timestamp"]) == int(NOW.timestamp())
    assert send("webhook", provider.url, WEBHOOK_SECRET="").error is DeliveryError.INVALID
    assert len(provider.got) == 1, "unsigned nothing leaves"


def test_ntfy_gets_priority_click_and_the_token_of_its_own_server_only(provider: Web) -> None:
    provider.answer = lambda _got: (200, {}, b'{"id": "n-1", "event": "message"}')
    address = f"{provider.url}/sub/plumbing"
    assert send("ntfy", address, NTFY_URL=f"{provider.url}/sub", NTFY_TOKEN="tk_1") == Delivery(provider_id="n-1")
    send("ntfy", address, NTFY_URL="https://ntfy.example", NTFY_TOKEN="tk_1")
    ours, other = provider.got
    told = json.loads(ours.body)
    assert (told["topic"], told["priority"], told["click"], told["sequence_id"]) == (
        "plumbing", 5, MESSAGE.link, "smartpark-7",
    )  # fmt: skip
    assert ours.path == "/sub/" and ours.headers["authorization"] == "Bearer tk_1"
    assert "authorization" not in other.headers, "another server does not get it"
    provider.answer = lambda _got: (200, {}, b"<html>a hotel's Wi-Fi</html>")
    assert send("ntfy", address).error is DeliveryError.UNREACHABLE


ANSWERS: list[tuple[int, dict[str, str], bytes, DeliveryError | None, float | None]] = [
    (200, {}, b"", None, None),
    (204, {}, b"", None, None),
    (200, {}, b"ok", None, None),
    (200, {}, b'{"code": 0, "msg": "success"}', None, None),
    (200, {}, b'{"errcode": 93000, "errmsg": "invalid webhook url"}', DeliveryError.REFUSED, None),
    (200, {}, b'{"code": 19021, "msg": "sign match fail"}', DeliveryError.REFUSED, None),
    (200, {}, b'{"ok": false, "error": "no such chat"}', DeliveryError.REFUSED, None),
    (200, {}, b"<html>please sign in</html>", DeliveryError.UNREACHABLE, None),
    (302, {"Location": "http://127.0.0.1:1/"}, b"", DeliveryError.REFUSED, None),
    (400, {}, b"bad", DeliveryError.REFUSED, None),
    (404, {}, b"", DeliveryError.REFUSED, None),
    (408, {}, b"", DeliveryError.TIMEOUT, None),
    (429, {"Retry-After": "17"}, b"slowly", DeliveryError.LIMITED, 17.0),
    (429, {"Retry-After": "Fri, 20 Nov 2026 18:11:00 GMT"}, b"", DeliveryError.LIMITED, 60.0),
    (429, {"Retry-After": "soon"}, b"", DeliveryError.LIMITED, None),
    (500, {}, b"oops", DeliveryError.UNREACHABLE, None),
    (503, {"Retry-After": "5"}, b"", DeliveryError.LIMITED, 5.0),
]  # fmt: skip


def test_what_a_provider_answers_decides(provider: Web) -> None:
    for status, headers, body, error, after in ANSWERS:
        provider.answer = lambda _got, reply=(status, headers, body): reply  # type: ignore[misc]
        said = send("webhook", provider.url)
        assert (said.error, said.retry_after_s) == (error, after), (status, body)
        if error and status != 200:
            assert said.text.startswith(f"HTTP {status}")
    assert "invalid webhook url" in _said(provider, b'{"errcode": 93000, "errmsg": "invalid webhook url"}').text
    assert len(_said(provider, b"x" * 100_000).text) < 300


def _said(provider: Web, body: bytes) -> Delivery:
    provider.answer = lambda _got: (200, {}, body)
    return send("webhook", provider.url)


@pytest.mark.parametrize("channel", ["webhook", "ntfy", "email"])
@pytest.mark.parametrize(
    ("server", "error"),
    [
        (silent, DeliveryError.TIMEOUT),
        (trickling, DeliveryError.TIMEOUT),
        (garbage, DeliveryError.UNREACHABLE),
        (None, DeliveryError.UNREACHABLE),
    ],
)
def test_a_provider_that_does_not_answer_is_given_up(
    channel: str, server: Callable[[socket.socket, threading.Event], None] | None, error: DeliveryError
) -> None:
    server = trickling_mail if (channel, server) == ("email", trickling) else server
    with raw(server or silent) as port:
        wanted = free_port() if server is None else port
        if channel == "email":
            url = f"smtp+plain://127.0.0.1:{wanted}"
            said = send("email", "mailto:li@example.com", SMTP_URL=url, FROM="park@example.com")
        else:
            said = send(channel, f"http://127.0.0.1:{wanted}/topic")
    assert said.error is error and said.text


def test_addresses_that_cannot_be_used_never_leave_the_machine() -> None:
    for address in ("file:///etc/passwd", "http://", "http://[::1", "http://host:99999/", "gopher://x/"):
        assert send("webhook", address).error is DeliveryError.INVALID, address
    said = send("webhook", "http://nowhere.invalid/")
    assert said.error is DeliveryError.UNREACHABLE
    assert send("email", "mailto:li@example.com").error is DeliveryError.INVALID, "not configured"


def test_tls_is_verified(tmp_path: Path) -> None:
    tls, authority = certificate(tmp_path)
    with web(tls=tls) as provider:
        said = send("webhook", provider.url)
        assert said.error is DeliveryError.UNREACHABLE and "TLS" in said.text
        assert send("webhook", provider.url, CA=str(authority)) == Delivery()
        wrong_name = provider.url.replace("127.0.0.1", "localhost")
        assert "TLS" in send("webhook", wrong_name, CA=str(authority)).text
        assert len(provider.got) == 1


def test_e_mail_goes_over_tls_with_a_stable_id(tmp_path: Path) -> None:
    tls, authority = certificate(tmp_path)
    mine = {"FROM": "park@example.com", "CA": str(authority)}
    for at_once in (False, True):
        with mail(Letters(tls=tls), at_once=at_once) as server:
            url = f"{'smtps' if at_once else 'smtp'}://li:s%40cret@127.0.0.1:{server.port}"
            expected = Delivery(provider_id="<smartpark-7@example.com>")
            assert send("email", "mailto:li@example.com", SMTP_URL=url, **mine) == expected
            assert send("email", "mailto:li@example.com", SMTP_URL=url, FROM="park@example.com").error is (
                DeliveryError.UNREACHABLE
            ), "an authority that nobody knows"
            ((recipient, letter),) = server.took
            assert recipient == "li@example.com"
            assert "Message-ID: <smartpark-7@example.com>" in letter and "Importance: high" in letter
            assert "Date: Fri, 20 Nov 2026 18:10:00 +0000" in letter and "Auto-Submitted: auto-generated" in letter
            (account,) = server.accounts
            assert base64.b64decode(account.split()[-1]) == b"\0li\0s@cret"
    with mail(Letters()) as server:  # it offers no STARTTLS: nothing is sent in the open
        said = send("email", "mailto:li@example.com", SMTP_URL=f"smtp://127.0.0.1:{server.port}", **mine)
        assert said.error is DeliveryError.INVALID and server.took == []


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ({}, None),
        ({"BYE": "500 a bad good-bye"}, None),
        ({"HELLO": "554 go away"}, DeliveryError.REFUSED),
        ({"HELLO": "421 too busy"}, DeliveryError.UNREACHABLE),
        ({"RCPT": "550 nobody of that name"}, DeliveryError.REFUSED),
        ({"RCPT": "450 greylisted"}, DeliveryError.UNREACHABLE),
        ({"MAIL": "530 sign in first"}, DeliveryError.REFUSED),
        ({".": "554 this is spam"}, DeliveryError.REFUSED),
        ({".": "452 the disk is full"}, DeliveryError.UNREACHABLE),
    ],
)
def test_what_a_mail_server_answers_decides(says: dict[str, str], error: DeliveryError | None) -> None:
    with mail(Letters(says=says)) as server:
        url = f"smtp+plain://127.0.0.1:{server.port}"
        said = send("email", "mailto:li@example.com", SMTP_URL=url, FROM="park@example.com")
        assert said.error is error, said
        assert len(server.took) == (0 if error else 1)
        if error:
            assert said.text.startswith("SMTP "), said.text


def test_settings_that_can_never_work_are_told_at_the_start() -> None:
    for more in (
        {"SMTP_URL": "http://x"}, {"SMTP_URL": "smtp://mail.example"}, {"TIMEOUT": "0"}, {"CA": "/nowhere.pem"},
        {"SMTP_URL": "smtp+plain://mail.example", "FROM": "a@example.com"}, {"WEBHOOK_SECRET": "whsec_?"},
        {"SMTP_URL": "smtp://mail.example", "FROM": "not an address"},
    ):  # fmt: skip
        with pytest.raises(ConfigurationError) as refused:
            channels.of(settings(**more))
        assert "PARK_NOTIFY_" in str(refused.value)


# --- What follows from an answer: pure --------------------------------------------------------------------------------


def decided(error: DeliveryError | None, *, attempt: int = 1, age_s: float = 0, urgency: Urgency = Urgency.NOW,
            after: float | None = None) -> tuple[DeliveryState, float | None, bool]:  # fmt: skip
    now = NOW + timedelta(seconds=age_s)
    state, again, further = verdict(
        Delivery(error, retry_after_s=after), key="k", attempt=attempt, urgency=urgency, made=NOW,
        deadline=NOW + NEEDED[urgency], now=now,
    )  # fmt: skip
    return state, (again - now).total_seconds() if again else None, further


def test_the_kind_of_an_error_decides_what_follows() -> None:
    pending, failed = DeliveryState.PENDING, DeliveryState.FAILED
    assert decided(None) == (DeliveryState.ACCEPTED, None, False)
    for error in (DeliveryError.REFUSED, DeliveryError.INVALID):
        assert decided(error) == (failed, None, True), "never again by this contact; the next one at once"
    for error in (DeliveryError.UNREACHABLE, DeliveryError.TIMEOUT):
        state, seconds, further = decided(error)
        assert state is pending and seconds is not None and 4 <= seconds <= 6 and not further
        assert decided(error, attempt=5, age_s=90)[::2] == (pending, True), "a minute in vain: the next contact as well"
        assert decided(error, attempt=20, age_s=1799) == (failed, None, True), "no time for another attempt"
        assert decided(error, attempt=3, age_s=90, urgency=Urgency.SOON)[2] is False
    assert decided(DeliveryError.LIMITED, after=30)[1] == 30
    assert decided(DeliveryError.LIMITED, after=7200) == (failed, None, True), "too late for anybody"
    assert decided(DeliveryError.LIMITED, after=7200, urgency=Urgency.LATER)[0] is pending
    for never in (1.8e12, float("inf")):  # an instant in ms; more digits than a number has
        assert decided(DeliveryError.LIMITED, after=never) == (failed, None, True)


def test_delays_grow_up_to_a_bound_and_are_spread_without_chance() -> None:
    first = [delay_s("smartpark-7", attempt) for attempt in range(1, 40)]
    assert first == [delay_s("smartpark-7", attempt) for attempt in range(1, 40)]
    assert all(0.8 * 5 * 3**n <= first[n] <= 1.2 * 5 * 3**n for n in range(3)) and max(first) <= 144
    assert len({round(delay_s(f"smartpark-{n}", 1), 3) for n in range(100)}) > 90
