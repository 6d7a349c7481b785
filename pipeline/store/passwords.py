"""Passwords: what they must be, and argon2id hashes, compared in the same time whether somebody has one or not."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.domain.errors import ParkError

SHORTEST = 10  # characters: NIST SP 800-63B asks for 8 where attempts are limited, as here
LONGEST = 200
AT_ONCE = 3  # each takes 64 MiB for a tenth of a second

_HASHER = PasswordHasher()  # argon2id with RFC 9106's second recommended parameters
_ROOM = threading.BoundedSemaphore(AT_ONCE)


class PasswordRefused(ParkError):  # noqa: N818 - it names an answer
    """this password will not do"""


def check(password: str, login: str) -> None:
    """Raises PasswordRefused where a password is too short, too long, or the login itself."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused(f"write {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < SHORTEST // 2 or login in password.casefold():
        raise PasswordRefused("it holds the login, or hardly any different characters")


def hashed(password: str) -> str:
    """The encoded argon2id hash that is kept."""
    with _ROOM:
        return _HASHER.hash(password)


def matches(encoded: str | None, password: str) -> bool:
    """Whether a password is the one. Nobody's (None) takes as long as somebody's."""
    with _ROOM:
        try:
            return _HASHER.verify(encoded or _nobody_s(), password[:LONGEST]) and encoded is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobody_s() -> str:
    return _HASHER.hash("nobody has this password")
