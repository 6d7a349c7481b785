"""The channels by which a message leaves, each a function of a message and the time; what is not configured answers
`invalid`, and says which setting is missing."""

import base64
import binascii
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.notification import Channel, Delivery, DeliveryError, Urgency
from pipeline.notifier.mail import Mail
from pipeline.notifier.web import Undelivered, by_status, context_of, post
from pipeline.settings import Settings
from pipeline.store.outbox import Claimed

Send = Callable[[Claimed, datetime], Delivery]
"""Sends one message at park time `now`; never raises for what a provider does."""
NTFY_PRIORITY = {Urgency.NOW: 5, Urgency.SOON: 4, Urgency.LATER: 3}
WITHOUT_FAULT = (0, 200, "0", "200", "ok", None)  # what providers write into `code` when all is well


@dataclass(frozen=True, slots=True)
class Webhook:
    """A JSON body, signed as standardwebhooks.com says, so that receivers find a library for it in any language."""

    secret: bytes
    timeout_s: float
    context: ssl.SSLContext

    def __call__(self, message: Claimed, now: datetime) -> Delivery:
        """Accepted: 2xx, and nothing in a JSON body that says otherwise."""
        if not self.secret:
            return Delivery(DeliveryError.INVALID, "PARK_NOTIFY_WEBHOOK_SECRET is not set")
        body = json.dumps(
            {"id": message.key, "cause": message.cause, "urgency": message.urgency, "subject": message.subject,
             "body": message.body, "link": message.link, "work_order": message.work_order, "alarm": message.alarm,
             "made": message.made.isoformat()},
            ensure_ascii=False,
        ).encode()  # fmt: skip
        stamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.key,
            "webhook-id": message.key, "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{sign(self.secret, message.key, stamp, body)}",
        }  # fmt: skip
        answer = post(message.address, body, headers, timeout_s=self.timeout_s, context=self.context)
        if said := by_status(answer, now=now):
            return said
        told = answer.json()
        if isinstance(told, dict):
            return _of_body(told)
        if answer.body.strip() and answer.body.strip().lower() not in (b"ok", b'"ok"', b"success"):
            return Delivery(DeliveryError.UNREACHABLE, f"HTTP {answer.status}, but no word of it: {answer.quoted()}")
        return Delivery()


@dataclass(frozen=True, slots=True)
class Ntfy:
    """ntfy's JSON publishing. A repeat carries the same sequence id: from ntfy 2.16 on it replaces the first."""

    server: str  # that the token is for
    token: str
    timeout_s: float
    context: ssl.SSLContext

    def __call__(self, message: Claimed, now: datetime) -> Delivery:
        """Accepted: 2xx and the id that ntfy gave it."""
        parts = urlsplit(message.address)
        base, _, topic = parts.path.rstrip("/").rpartition("/")
        if not topic:
            return Delivery(DeliveryError.INVALID, "the address names no topic")
        asked: dict[str, Any] = {
            "topic": topic, "title": message.subject, "message": message.body, "sequence_id": message.key,
            "priority": NTFY_PRIORITY[Urgency(message.urgency)],
        }  # fmt: skip
        if message.link:
            asked["click"] = message.link
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.key}
        root = f"{parts.scheme}://{parts.netloc}{base}/"
        if self.token and self.server and root == self.server.rstrip("/") + "/":
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps(asked, ensure_ascii=False).encode()
        answer = post(root, body, headers, timeout_s=self.timeout_s, context=self.context)
        if said := by_status(answer, now=now):
            return said
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            return Delivery(DeliveryError.UNREACHABLE, f"HTTP {answer.status}, but no ntfy: {answer.quoted()}")
        return Delivery(provider_id=told["id"])


def sign(secret: bytes, key: str, stamp: str, body: bytes) -> str:
    """base64 of HMAC-SHA256 over `id.timestamp.body`."""
    return base64.b64encode(hmac.new(secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()


def of(settings: Settings) -> Mapping[str, Send]:
    """All channels, as the settings say. Raises ConfigurationError for what can never work."""
    timeout_s = settings.notify_timeout
    if not timeout_s > 0:
        raise ConfigurationError("PARK_NOTIFY_TIMEOUT is more than 0 seconds")
    try:
        context = context_of(settings.notify_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"PARK_NOTIFY_CA={settings.notify_ca}: {error}") from error
    webhook = Webhook(_secret(settings.notify_webhook_secret), timeout_s, context)
    ntfy = Ntfy(settings.notify_ntfy_url, settings.notify_ntfy_token, timeout_s, context)
    mail = Mail.of(settings.notify_smtp_url, settings.notify_from, timeout_s=timeout_s, context=context)
    return {name: _safe(send) for name, send in
            ((Channel.WEBHOOK, webhook), (Channel.NTFY, ntfy), (Channel.EMAIL, mail))}  # fmt: skip


def _safe(send: Send) -> Send:
    def sending(message: Claimed, now: datetime) -> Delivery:
        try:
            return send(message, now)
        except Undelivered as error:
            return error.delivery

    return sending


def _secret(text: str) -> bytes:
    """`whsec_` and base64, or any text."""
    if not text.startswith("whsec_"):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(
            "PARK_NOTIFY_WEBHOOK_SECRET begins with whsec_, and what follows is no base64"
        ) from error


def _of_body(told: Mapping[str, Any]) -> Delivery:
    """Chat services answer 200 to what they reject: the truth is in the body."""
    for name in ("errcode", "code", "StatusCode"):
        if told.get(name) not in WITHOUT_FAULT:
            words = told.get("errmsg") or told.get("msg") or told.get("StatusMessage") or ""
            return Delivery(DeliveryError.REFUSED, f"{name} {told[name]}: {words}"[:200])
    if told.get("ok") is False or told.get("success") is False:
        return Delivery(DeliveryError.REFUSED, f"it says no: {told.get('error') or told.get('message') or ''}"[:200])
    given = next((told[name] for name in ("id", "message_id", "msgid") if isinstance(told.get(name), str | int)), None)
    return Delivery(provider_id=None if given is None else str(given)[:200])
