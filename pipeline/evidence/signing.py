"""The key that signs heads: Ed25519, kept outside the database; who checks needs its public half only."""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from pipeline.domain.errors import ConfigurationError

PRIVATE, PUBLIC = "audit.key", "audit.pub"
SIZE = 32


def make(folder: Path) -> list[Path]:
    """Makes both files where the private one is missing; never changes what is there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(folder / PRIVATE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return []
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_hex(SIZE) + "\n")
    (folder / PUBLIC).write_bytes(pem(private(folder).public_key()))
    return [folder / PRIVATE, folder / PUBLIC]


def private(folder: Path) -> Ed25519PrivateKey:
    """The signing key, 32 random bytes in hex as the other keys are. ConfigurationError says what is wrong with it."""
    file = folder / PRIVATE
    try:
        mode, key = file.stat().st_mode & 0o077, bytes.fromhex(file.read_text().strip())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file} is missing; make it with `park secrets`") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read as a key: {error}") from error
    if len(key) != SIZE:
        raise ConfigurationError(f"{file} holds {len(key)} bytes, not {SIZE}")
    if mode and not str(file).startswith("/run/secrets/"):  # there the container's mount decides
        raise ConfigurationError(f"{file} can be read by others; run chmod 600 on it")
    return Ed25519PrivateKey.from_private_bytes(key)


def public(file: Path) -> Ed25519PublicKey:
    """A public key from its file, or from a folder of keys (by the private one, where that alone is there)."""
    if file.is_dir() and not (file / PUBLIC).exists():
        return private(file).public_key()
    file = file / PUBLIC if file.is_dir() else file
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read as a public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{file} is not an Ed25519 key")
    return key


def pem(key: Ed25519PublicKey) -> bytes:
    """A public key as people give it away."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


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
