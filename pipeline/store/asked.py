"""What commands about people share: which park is meant, who acts, and where secrets are read from."""

import argparse
import getpass
import sys
from pathlib import Path

import psycopg

from pipeline.domain.errors import ConfigurationError, NotFound


def common() -> argparse.ArgumentParser:
    """--json and --park, for subcommands to take as a parent."""
    made = argparse.ArgumentParser(add_help=False)
    made.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    made.add_argument("--park", help="the park's id; may be left out where there is one park")
    return made


def acting(parent: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The same and --actor."""
    made = argparse.ArgumentParser(add_help=False, parents=[parent])
    made.add_argument("--actor", default=getpass.getuser(), help="who acts, for the audit log; default: who you are")
    return made


def park(conn: psycopg.Connection, park_id: str | None) -> str:
    """The park that is meant. Raises NotFound, ConfigurationError."""
    known = [str(one) for (one,) in conn.execute("select park_id from smartpark.park order by park_id")]
    if park_id is not None:
        if park_id not in known:
            raise NotFound(f"park {park_id}")
        return park_id
    if len(known) != 1:
        raise ConfigurationError(f"say --park: there are {', '.join(known)}" if known else "no park is applied")
    return known[0]


def secret(file: Path | None, prompt: str) -> str:
    """A password from a file (`-`: standard input), else typed where there is a terminal, else standard input."""
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from error
    if file is None and sys.stdin.isatty():
        first = getpass.getpass(f"{prompt}: ")
        if getpass.getpass("again: ") != first:
            raise ConfigurationError("the two were not the same")
        return first
    return sys.stdin.readline().rstrip("\r\n")
