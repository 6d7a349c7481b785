"""The closed list of settings: every environment variable that any process reads, its default and what it is for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.domain.clock import Clock
from pipeline.domain.errors import ConfigurationError


class SignIn(StrEnum):
    """Whether the API asks who somebody is."""

    REQUIRED = "required"
    LOCAL = "local"  # whoever is on this machine is an administrator, under a name that they type


def setting(variable: str, default: str, note: str) -> Any:
    """One row of the list; `note` is the sentence that docs/operations.md repeats."""
    return field(metadata={"variable": variable, "default": default, "note": note})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, read once at the start of a process. A variable NAME may also be given as NAME_FILE."""

    database_url: str = setting("PARK_DATABASE_URL", "", "PostgreSQL URL of the park's database; the demo has its own")
    mqtt_url: str = setting("PARK_MQTT_URL", "", "mqtt://user:password@host:port of the broker; the demo has its own")
    clock: Clock = setting("PARK_CLOCK", "", "virtual time `<start>@<speed>[@<real anchor>]` for all processes")
    home: Path = setting("PARK_HOME", ".park", "private folder: TimescaleDB root, demo data, generated secrets, logs")
    secrets: Path = setting(
        "PARK_SECRETS", ".park/secrets", "folder of the key files `seal.key`, `pseudonym.key`, `audit.key`"
    )
    audit_heads: Path = setting(
        "PARK_AUDIT_HEADS", ".park/audit/heads.jsonl", "file of signed heads of work orders; keep copies elsewhere"
    )
    lanes: str = setting("PARK_LANES", "", "TOML file of lanes; empty: one lane for each device family")
    sources: str = setting("PARK_SOURCES", "", "TOML file of sources, the topics of foreign devices; empty: none")
    inbox: int = setting("PARK_INBOX", "2000", "un-acked messages a lane may hold; the broker's max_inflight_messages")
    batch_messages: int = setting("PARK_BATCH_MESSAGES", "5000", "a batch closes at this many messages")
    batch_seconds: float = setting("PARK_BATCH_SECONDS", "0.1", "a batch closes at this age, in seconds of real time")
    spool: Path = setting(
        "PARK_SPOOL",
        ".park/spool",
        "folder for what is collected while the database is away; collectors of a host share it",
    )
    spool_mb: int = setting(
        "PARK_SPOOL_MB", "2048", "bound of that folder in megabytes; when it is full, the broker holds"
    )
    silence_factor: float = setting("PARK_SILENCE_FACTOR", "3", "offline after this many expected intervals of silence")
    silence_floor: float = setting("PARK_SILENCE_FLOOR", "30", "never offline before this many seconds of silence")
    reject_limit: int = setting("PARK_REJECT_LIMIT", "20", "unreadable messages in 5 minutes (of one device: in one)")
    reject_devices: int = setting("PARK_REJECT_DEVICES", "3", "… of at least so many devices raise a condition")
    reject_share: float = setting("PARK_REJECT_SHARE", "0.05", "… if they are this share of what those devices send")
    flood_factor: float = setting("PARK_FLOOD_FACTOR", "10", "a device floods above this many times its expected rate")
    flood_floor: int = setting("PARK_FLOOD_FLOOR", "300", "… and never below this many messages a minute")
    conflict_limit: int = setting("PARK_CONFLICT_LIMIT", "20", "contradictions of one device in 5 minutes: a condition")
    incident_minutes: float = setting(
        "PARK_INCIDENT_MINUTES", "15", "alarms that share a cause are one incident, from one to the next so far apart"
    )
    raw_days: int = setting("PARK_RETENTION_RAW_DAYS", "400", "raw readings are kept this many days")
    rollup_days: int = setting("PARK_RETENTION_ROLLUP_DAYS", "1100", "15-minute and hourly roll-ups; days stay")
    event_days: int = setting(
        "PARK_RETENTION_EVENT_DAYS", "90", "events, transitions, dead letters, notices, seen ids, sign-ins"
    )
    screening_days: int = setting("PARK_RETENTION_SCREENING_DAYS", "14", "temperature screenings are personal data")
    api_host: str = setting("PARK_API_HOST", "127.0.0.1", "address the API listens on")
    api_port: int = setting("PARK_API_PORT", "8080", "port the API listens on")
    api_trusted_network: bool = setting("PARK_API_TRUSTED_NETWORK", "no", "yes: PARK_API_HOST need not be loopback")
    api_sign_in: SignIn = setting(
        "PARK_API_SIGN_IN",
        "required",
        "required, or local: whoever is on this machine may do everything, loopback only",
    )
    api_https: bool = setting(
        "PARK_API_HTTPS", "no", "yes: browsers reach the API by https (a proxy before it): cookies are Secure"
    )
    session_hours: float = setting("PARK_SESSION_HOURS", "336", "a sign-in ends after this many hours in any case")
    session_idle_hours: float = setting("PARK_SESSION_IDLE_HOURS", "24", "… and after this many without a request")
    api_hosts: str = setting("PARK_API_HOSTS", "", "further Host names that the API answers to, comma-separated")
    api_read_only: bool = setting(
        "PARK_API_READ_ONLY", "no", "yes: nobody changes anything over this API but their own sign-in"
    )
    site_secret: str = setting(
        "PARK_SITE_SECRET", "", "secret of the codes and tags that prove who is on site; empty: it is only claimed"
    )
    shelf_hours: float = setting("PARK_SHELF_HOURS", "8", "an alarm may be shelved for at most this many hours")
    visitor_hourly: int = setting(
        "PARK_VISITOR_HOURLY", "10", "requests an hour from one address without sign-in; ten times as many photos"
    )
    silence_days: float = setting(
        "PARK_REQUEST_SILENCE_DAYS", "3", "an answer that nobody confirms closes its request after this many days"
    )
    contact_days: float = setting(
        "PARK_CONTACT_DAYS", "14", "how to reach a visitor is deleted this many days after their request is closed"
    )
    no_show_minutes: float = setting(
        "PARK_NO_SHOW_MINUTES", "15", "a booked room that nobody comes to by then is given back, where a sensor tells"
    )
    notify_timeout: float = setting("PARK_NOTIFY_TIMEOUT", "10", "seconds that a provider has for a message")
    notify_workers: int = setting("PARK_NOTIFY_WORKERS", "8", "messages that one notifier sends at the same time")
    notify_ca: str = setting("PARK_NOTIFY_CA", "", "PEM file of further authorities for TLS; empty: the system's only")
    notify_webhook_secret: str = setting("PARK_NOTIFY_WEBHOOK_SECRET", "", "signs webhooks; empty: none can be sent")
    notify_ntfy_url: str = setting("PARK_NOTIFY_NTFY_URL", "", "the ntfy server that gets the token, and no other")
    notify_ntfy_token: str = setting("PARK_NOTIFY_NTFY_TOKEN", "", "access token of that server")
    notify_smtp_url: str = setting(
        "PARK_NOTIFY_SMTP_URL",
        "",
        "smtp://user:password@host:587 (STARTTLS) or smtps://…; empty: no e-mail can be sent",
    )
    notify_from: str = setting("PARK_NOTIFY_FROM", "", "address from which e-mail comes")
    public_url: str = setting("PARK_PUBLIC_URL", "", "https://… of the park for links in messages; empty: no links")
    metrics_port: int = setting("PARK_METRICS_PORT", "0", "/metrics, /healthz and /readyz of a process; 0: off")
    metrics_host: str = setting("PARK_METRICS_HOST", "127.0.0.1", "address of /metrics, /healthz and /readyz")
    notice: str = setting("PARK_NOTICE", "", "what the page's footer says of the servers in use; set by the demo")
    log_level: str = setting("PARK_LOG_LEVEL", "info", "debug, info, warning or error")

    @staticmethod
    def from_env(env: Mapping[str, str] | None = None) -> "Settings":
        """Reads all settings; errors name the variable and what to write."""
        source = os.environ if env is None else env
        known = {f.metadata["variable"] for f in fields(Settings)}
        for name in source:
            if name.startswith("PARK_") and name.removesuffix("_FILE") not in known:
                raise ConfigurationError(f"{name} is not a setting; docs/operations.md lists them all")
        values: dict[str, Any] = {}
        for f in fields(Settings):
            text = _text(source, f.metadata["variable"], f.metadata["default"])
            values[f.name] = _convert(f.metadata["variable"], text, kind=f.type)
        return Settings(**values)

    def require(self, name: str) -> str:
        """The value of a text setting that this process cannot do without."""
        value = str(getattr(self, name))
        if not value:
            variable = next(f.metadata["variable"] for f in fields(self) if f.name == name)
            raise ConfigurationError(f"{variable} is not set; `park demo` sets it for the processes that it starts")
        return value


def _text(env: Mapping[str, str], variable: str, default: str) -> str:
    if variable in env:
        return env[variable].strip()
    if file := env.get(f"{variable}_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"{variable}_FILE={file}: {error.strerror}") from error
    return default


def _convert(variable: str, text: str, *, kind: Any) -> Any:
    try:
        if kind is Clock:
            return Clock.parse(text, anchor=datetime.now(UTC))
        if kind is bool:
            return {"yes": True, "no": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError) as error:
        expected = {bool: "yes or no", SignIn: "required or local", int: "a whole number", float: "a number"}.get(
            kind, "something else"
        )
        raise ConfigurationError(f"{variable}={text!r}: write {expected}") from error
