"""The keys of a park: one seals what cannot be redacted, one makes pseudonyms and digests, one signs the heads of work
orders (pipeline/evidence). Files, made once."""

import argparse
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.errors import ConfigurationError
from pipeline.evidence import signing
from pipeline.settings import Settings

SIZE = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """seal: AES-256-GCM key of dead letters; pseudonym: HMAC key of credentials and content digests. 32 bytes each."""

    seal: bytes
    pseudonym: bytes


def read(folder: Path) -> Keys:
    """The keys of a folder; errors say which file is missing, of the wrong size, or readable by others."""
    return Keys(_read(folder / "seal.key"), _read(folder / "pseudonym.key"))


def _read(file: Path) -> bytes:
    try:
        key = bytes.fromhex(file.read_text().strip())
        mode = file.stat().st_mode & 0o077
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file} is missing; make it with `park secrets`") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read as a key: {error}") from error
    if len(key) != SIZE:
        raise ConfigurationError(f"{file} holds {len(key)} bytes, not {SIZE}")
    if mode and not str(file).startswith("/run/secrets/"):  # there the container's mount decides
        raise ConfigurationError(f"{file} can be read by others; run chmod 600 on it")
    return key


def make(folder: Path) -> list[Path]:
    """Makes what is missing, never changes what is there: a lost key makes what it sealed unreadable."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    for file in (folder / "seal.key", folder / "pseudonym.key"):
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_hex(SIZE) + "\n")
        made.append(file)
    return [*made, *signing.make(folder)]


def main(argv: list[str]) -> int:
    """`park secrets`."""
    parser = argparse.ArgumentParser(prog="park secrets", description="Make the key files that are missing.")
    parser.add_argument("folder", nargs="?", type=Path, help="default: PARK_SECRETS")
    folder = parser.parse_args(argv).folder or Settings.from_env().secrets
    made = make(folder)
    read(folder)
    for file in made:
        print(f"made {file}")
    if not made:
        print(f"{folder}: all keys are there, nothing made")
    print("Keep a copy elsewhere: without seal.key no dead letter can be read again.")
    return 0
