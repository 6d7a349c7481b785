"""What becomes of a message to a person: how urgent it is, until when anybody needs it, and what to do when a provider
did not take it. Pure decisions; delays grow, and are spread by a hash so that no two runs differ."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple


class Channel(StrEnum):
    """By what a message reaches a person."""

    WEBHOOK = "webhook"
    NTFY = "ntfy"
    EMAIL = "email"


class Urgency(StrEnum):
    """How soon a person is to see it."""

    NOW = "now"
    SOON = "soon"
    LATER = "later"


class DeliveryState(StrEnum):
    """Where a message stands in the outbox."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"  # by the provider; nobody can know that a person has read it
    FAILED = "failed"


class DeliveryError(StrEnum):
    """Why a message was not accepted."""

    REFUSED = "refused"  # the provider understood, and will not
    UNREACHABLE = "unreachable"  # no connection, TLS, 5xx, an answer that is none
    TIMEOUT = "timeout"
    LIMITED = "limited"  # too many; it says when again
    INVALID = "invalid"  # our own settings or the address
    EXPIRED = "expired"  # its deadline came first
    WITHDRAWN = "withdrawn"  # somebody took the order meanwhile


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a provider said to one attempt. error None: accepted, with its own id where it gave one."""

    error: DeliveryError | None = None
    text: str = ""
    provider_id: str | None = None
    retry_after_s: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the provider took it."""
        return self.error is None


class Verdict(NamedTuple):
    """What follows from an attempt: the message's state, when it is tried again, whether the next contact is used."""

    state: DeliveryState
    again: datetime | None = None
    next_contact: bool = False


URGENCY = {"P1": Urgency.NOW, "P2": Urgency.NOW, "P3": Urgency.SOON, "P4": Urgency.LATER}
"""By the priority of an order."""
OF_ALARM = {"critical": Urgency.NOW, "high": Urgency.NOW, "medium": Urgency.SOON, "low": Urgency.LATER}
NEEDED = {Urgency.NOW: timedelta(minutes=30), Urgency.SOON: timedelta(hours=4), Urgency.LATER: timedelta(hours=24)}
"""How long anybody needs a message; after that it fails as expired."""
PATIENCE = {Urgency.NOW: timedelta(minutes=1), Urgency.SOON: timedelta(minutes=10), Urgency.LATER: timedelta(hours=1)}
"""A contact that could not be reached for so long: the next one is used as well, while this one is still tried."""
FOR_GOOD = frozenset({DeliveryError.REFUSED, DeliveryError.INVALID, DeliveryError.EXPIRED, DeliveryError.WITHDRAWN})
FIRST_DELAY_S, GROWTH, LONGEST_S, SPREAD = 5.0, 3.0, 120.0, 0.2


def delay_s(key: str, attempt: int) -> float:
    """Seconds until the next attempt after this one (1 is the first), spread by ± 20 % by the message's key."""
    grown = min(FIRST_DELAY_S * GROWTH ** min(attempt - 1, 20), LONGEST_S)
    fraction = int.from_bytes(blake2b(f"{key}:{attempt}".encode(), digest_size=8).digest(), "big") / 2**64
    return grown * (1 - SPREAD + 2 * SPREAD * fraction)


def verdict(
    said: Delivery, *, key: str, attempt: int, urgency: Urgency, made: datetime, deadline: datetime, now: datetime
) -> Verdict:
    """What follows from an attempt. A contact that will never take it, or not before the deadline, is done with."""
    if said.error is None:
        return Verdict(DeliveryState.ACCEPTED)
    if said.error in FOR_GOOD:
        return Verdict(DeliveryState.FAILED, next_contact=said.error in (DeliveryError.REFUSED, DeliveryError.INVALID))
    seconds = delay_s(key, attempt)
    if said.error is DeliveryError.LIMITED and said.retry_after_s is not None:
        seconds = max(seconds, said.retry_after_s)  # which may be beyond any date
    if not seconds < (deadline - now).total_seconds():
        return Verdict(DeliveryState.FAILED, next_contact=now < deadline)
    again = now + timedelta(seconds=seconds)
    return Verdict(DeliveryState.PENDING, again, next_contact=again - made >= PATIENCE[urgency])
