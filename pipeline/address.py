"""Reads the broker's address, the one setting with parts, for all who connect to it."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pipeline.domain.errors import ConfigurationError


class BrokerAddress(NamedTuple):
    """Where the broker is and who we are to it."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool

    @staticmethod
    def parse(url: str) -> "BrokerAddress":
        """Reads mqtt://user:password@host:port, or mqtts:// for TLS; raises ConfigurationError."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ConfigurationError("PARK_MQTT_URL: write mqtt://user:password@host:1883 or mqtts://…:8883")
        tls = parts.scheme == "mqtts"
        user, password = (unquote(p) if p else None for p in (parts.username, parts.password))
        return BrokerAddress(parts.hostname, parts.port or (8883 if tls else 1883), user, password, tls)
