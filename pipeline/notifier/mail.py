"""E-mail by SMTP, over TLS or STARTTLS; the same message keeps its Message-ID, so that a repeat can be told."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.notification import Delivery, DeliveryError, Urgency
from pipeline.notifier.web import Undelivered, bounded
from pipeline.store.outbox import Claimed

PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server and an account on it. host empty: not configured."""

    host: str
    port: int
    how: str  # smtp (STARTTLS), smtps (TLS from the start), smtp+plain (this machine only)
    user: str | None
    password: str | None
    sender: str
    timeout_s: float
    context: ssl.SSLContext

    @staticmethod
    def of(url: str, sender: str, *, timeout_s: float, context: ssl.SSLContext) -> "Mail":
        """Reads smtp://user:password@host:port. Raises ConfigurationError."""
        if not url:
            return Mail("", 0, "", None, None, sender, timeout_s, context)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
            if sender:
                Address(addr_spec=sender)
        except ValueError as error:  # the URL may hold a password: it is not quoted
            raise ConfigurationError(f"PARK_NOTIFY_SMTP_URL or PARK_NOTIFY_FROM cannot be read: {error}") from error
        if parts.scheme not in PORTS or not host:
            raise ConfigurationError("PARK_NOTIFY_SMTP_URL: write smtp://user:password@host:587, or smtps://…")
        if parts.scheme == "smtp+plain" and host not in LOOPBACK:
            raise ConfigurationError("PARK_NOTIFY_SMTP_URL: smtp+plain:// is for a mail server on this machine only")
        if not sender:
            raise ConfigurationError("PARK_NOTIFY_FROM is not set: from which address e-mail comes")
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return Mail(host, port or PORTS[parts.scheme], parts.scheme, user, password, sender, timeout_s, context)

    def __call__(self, message: Claimed, now: datetime) -> Delivery:
        """Accepted: the server took it over. What it does with it later nobody tells us."""
        if not self.host:
            return Delivery(DeliveryError.INVALID, "PARK_NOTIFY_SMTP_URL is not set")
        try:
            letter = self.letter(message, now)
        except (ValueError, IndexError) as error:
            return Delivery(DeliveryError.INVALID, f"this address cannot be used: {error}")
        self._send(letter)
        return Delivery(provider_id=str(letter["Message-ID"]))

    def letter(self, message: Claimed, now: datetime) -> EmailMessage:
        """The e-mail. ValueError where an address or subject could become another header."""
        letter = EmailMessage()
        letter["Subject"] = message.subject
        letter["From"] = self.sender
        letter["To"] = Address(addr_spec=message.address.removeprefix("mailto:"))
        letter["Date"] = format_datetime(now)
        letter["Message-ID"] = f"<{message.key}@{self.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        if message.urgency == Urgency.NOW:
            letter["Importance"] = "high"
        letter.set_content(f"{message.body}\n\n{message.link}\n" if message.link else f"{message.body}\n")
        return letter

    def _send(self, letter: EmailMessage) -> None:
        with bounded(self.timeout_s) as deadline:
            server: smtplib.SMTP | None = None
            try:
                server = self._connected()
                deadline.guards(lambda: server.sock if server else None)
                if self.how == "smtp":
                    server.starttls(context=self.context)
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(letter)
                with suppress(smtplib.SMTPException, OSError):  # it has the message: a bad good-bye changes nothing
                    server.quit()
            except smtplib.SMTPException as error:  # which is an OSError, and says more than one
                if deadline.over or isinstance(error.__context__, TimeoutError):
                    raise TimeoutError from error
                raise _told(error) from error
            except ssl.SSLError:  # which may be a ValueError too
                raise
            except ValueError as error:
                raise Undelivered(DeliveryError.UNREACHABLE, f"its answer is no SMTP: {error}") from error
            finally:
                if server is not None:
                    server.close()

    def _connected(self) -> smtplib.SMTP:
        if self.how == "smtps":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=self.context)
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)


def _told(error: smtplib.SMTPException) -> Undelivered:
    """4yz: not now (greylisting, a full mailbox, too many); 5yz: never."""
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPNotSupportedError):
        return Undelivered(DeliveryError.INVALID, f"PARK_NOTIFY_SMTP_URL: {error}")
    code: int
    words: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, words = error.smtp_code, error.smtp_error
    else:
        return Undelivered(DeliveryError.UNREACHABLE, str(error))
    said = f"SMTP {code}: {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
    return Undelivered(DeliveryError.REFUSED if code >= 500 else DeliveryError.UNREACHABLE, said)
