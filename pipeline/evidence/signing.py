"""The key that signs heads: Ed25519, kept outside the database; who checks needs its public half only."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pipeline.domain.errors import ConfigurationError

PRIVATE, PUBLIC = "audit.key", "audit.pub"


def make(folder: Path) -> list[Path]:
    """Makes both files where the private one is missing; never changes what is there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    try:
        handle = os.open(folder / PRIVATE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return []
    with os.fdopen(handle, "wb") as out:
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / PUBLIC).write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return [folder / PRIVATE, folder / PUBLIC]


def private(folder: Path) -> Ed25519PrivateKey:
    """The signing key. ConfigurationError says what is wrong with the file."""
    file = folder / PRIVATE
    try:
        mode, key = file.stat().st_mode & 0o077, load_pem_private_key(file.read_bytes(), None)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file} is missing; make it with `park secrets`") from error
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{file} cannot be read as a key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{file} is not an Ed25519 key")
    if mode and not str(file).startswith("/run/secrets/"):  # there the container's mount decides
        raise ConfigurationError(f"{file} can be read by others; run chmod 600 on it")
    return key


def public(file: Path) -> Ed25519PublicKey:
    """A public key from its file, or from a folder of keys."""
    file = file / PUBLIC if file.is_dir() else file
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read as a public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{file} is not an Ed25519 key")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the key's sha256."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def canonical(line: Mapping[str, Any]) -> bytes:
    """A line as bytes to hash and sign: JSON, sorted, without the signature."""
    body = {name: value for name, value in line.items() if name != "signature"}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(key: Ed25519PrivateKey, line: Mapping[str, Any]) -> str:
    """The signature of a line, in hex."""
    return key.sign(canonical(line)).hex()


def signed_by(key: Ed25519PublicKey, line: Mapping[str, Any]) -> bool:
    """Whether this key signed that line as it stands."""
    try:
        key.verify(bytes.fromhex(str(line.get("signature", ""))), canonical(line))
    except (InvalidSignature, ValueError):
        return False
    return True
