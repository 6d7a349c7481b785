"""One HTTP POST within a bounded time, and what its answer means for a message. Redirects are not followed: a message
goes where its contact says, and nowhere else."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from pipeline.domain.notification import Delivery, DeliveryError

LONGEST_ANSWER = 64 * 1024
QUOTED = 120
AGENT = "smartpark"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said."""

    status: int
    body: bytes
    retry_after: str | None = None

    def json(self) -> Any:
        """Its body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def quoted(self) -> str:
        """The beginning of its body, for a person."""
        return " ".join(self.body[: 4 * QUOTED].decode("utf-8", "replace").split())[:QUOTED]


class Undelivered(Exception):  # noqa: N818 - it names what happened to a message
    """An attempt that came to no answer."""

    def __init__(self, error: DeliveryError, text: str) -> None:
        super().__init__(text)
        self.delivery = Delivery(error, text)


@contextmanager
def bounded(timeout_s: float) -> Iterator["Deadline"]:
    """Cuts the wire when the time is over: a server that sends a byte now and then passes any timeout of a socket."""
    deadline = Deadline()
    timer = threading.Timer(timeout_s, deadline.cut)
    timer.daemon = True
    timer.start()
    try:
        yield deadline
    except Undelivered:
        raise
    except TimeoutError as error:
        raise Undelivered(DeliveryError.TIMEOUT, f"no answer within {timeout_s:g} s") from error
    except ssl.SSLError as error:
        if deadline.over:
            raise Undelivered(DeliveryError.TIMEOUT, f"no answer within {timeout_s:g} s") from error
        raise Undelivered(DeliveryError.UNREACHABLE, f"TLS: {error.reason or error}") from error
    except socket.gaierror as error:
        raise Undelivered(DeliveryError.UNREACHABLE, f"its name is not known: {error.strerror}") from error
    except OSError as error:
        if deadline.over:
            raise Undelivered(DeliveryError.TIMEOUT, f"no answer within {timeout_s:g} s") from error
        raise Undelivered(DeliveryError.UNREACHABLE, error.strerror or str(error) or type(error).__name__) from error
    finally:
        timer.cancel()


class Deadline:
    """The end of an attempt's time. `over` says that it came."""

    def __init__(self) -> None:
        self.over = False
        self._wire: Callable[[], socket.socket | None] = lambda: None

    def guards(self, wire: Callable[[], socket.socket | None]) -> None:
        """From now on this is cut: what it is, is asked then (TLS puts another socket in its place)."""
        self._wire = wire

    def cut(self) -> None:
        """The time is over."""
        self.over = True
        wire = self._wire()
        if wire is not None:
            with suppress(OSError):  # closed already
                wire.shutdown(socket.SHUT_RDWR)


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, context: ssl.SSLContext) -> Answer:
    """POSTs within `timeout_s`, connecting included. Raises Undelivered."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Undelivered(DeliveryError.INVALID, f"this address cannot be used: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Undelivered(DeliveryError.INVALID, "the address is neither http:// nor https://")
    conn: http.client.HTTPConnection
    if parts.scheme == "https":
        conn = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
    else:
        conn = http.client.HTTPConnection(host, port, timeout=timeout_s)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with bounded(timeout_s) as deadline:
        try:
            deadline.guards(lambda: conn.sock)
            conn.request("POST", target, body, {"User-Agent": AGENT, **headers})
            got = conn.getresponse()
            answer = Answer(got.status, got.read(LONGEST_ANSWER), got.headers.get("Retry-After"))
        except ssl.SSLError:  # which may be a ValueError too
            raise
        except (http.client.InvalidURL, UnicodeError) as error:
            raise Undelivered(DeliveryError.INVALID, f"this address cannot be used: {error}") from error
        except (http.client.HTTPException, ValueError) as error:
            if deadline.over:
                raise TimeoutError from error
            said = type(error).__name__
            raise Undelivered(DeliveryError.UNREACHABLE, f"its answer is no HTTP ({said})") from error
        finally:
            conn.close()
    if deadline.over:  # cut in the middle of a body without a length, which then looks whole
        raise Undelivered(DeliveryError.TIMEOUT, f"no answer within {timeout_s:g} s")
    return answer


def by_status(answer: Answer, *, now: datetime) -> Delivery | None:
    """What a status that is no success means; None: it was one."""
    said = f"HTTP {answer.status}: {answer.quoted()}".rstrip(": ")
    after = _seconds(answer.retry_after, now)
    if 200 <= answer.status < 300:
        return None
    if answer.status in (425, 429) or (answer.status == 503 and after is not None):
        return Delivery(DeliveryError.LIMITED, said, retry_after_s=after)
    if answer.status == 408:
        return Delivery(DeliveryError.TIMEOUT, said)
    if answer.status >= 500:
        return Delivery(DeliveryError.UNREACHABLE, said)
    if 300 <= answer.status < 400:
        return Delivery(DeliveryError.REFUSED, f"{said}; redirects are not followed")
    return Delivery(DeliveryError.REFUSED, said)


def _seconds(text: str | None, now: datetime) -> float | None:
    """Retry-After: seconds or an HTTP date."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def context_of(authorities: str) -> ssl.SSLContext:
    """Certificates and names are verified, by the system's authorities and those of one more file where given."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities:
        context.load_verify_locations(cafile=authorities)
    return context
