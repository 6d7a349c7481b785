"""Seals messages that could not be understood: they may hold personal data that nobody can redact."""

import os
from dataclasses import dataclass
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.domain.errors import ConfigurationError

NONCE = 12
VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came: topic as bytes (it may not be UTF-8), payload, received time."""

    topic: bytes
    payload: bytes
    received: datetime


def seal(letter: Letter, *, key: bytes) -> bytes:
    """AES-256-GCM over the whole message; version byte, nonce, ciphertext."""
    nonce = os.urandom(NONCE)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(letter), VERSION)


def unseal(sealed: bytes, *, key: bytes) -> Letter:
    """The message again; ConfigurationError where the key is another one or the bytes were changed."""
    if sealed[:1] != VERSION:
        raise ConfigurationError(f"a dead letter is sealed in version {sealed[:1].hex()}, unknown here")
    nonce, body = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    try:
        return msgspec.msgpack.decode(AESGCM(key).decrypt(nonce, body, VERSION), type=Letter)
    except InvalidTag as error:
        raise ConfigurationError("a dead letter was sealed with another key than seal.key, or was changed") from error
