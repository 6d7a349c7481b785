"""Lanes: fixed MQTT client ids with disjoint topic filters, shared out among collector processes by advisory lock."""

import os
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import psycopg

from collectors.patterns import Pattern
from collectors.sources import Format, Source
from pipeline.domain.errors import ConfigurationError, Unavailable
from pipeline.domain.park import Family
from pipeline.store import locks
from pipeline.store.database import connect, give_up


@dataclass(frozen=True, slots=True)
class Lane:
    """One persistent MQTT session: whoever holds it takes over its queue with it.

    ordered: what its messages mean depends on those before them (Sparkplug B: aliases, `seq`).
    """

    name: str
    filters: tuple[str, ...]
    ordered: bool = False

    @property
    def client_id(self) -> str:
        """The same for every process that ever holds the lane."""
        return f"park-lane-{self.name}"


DEFAULT = tuple(Lane(str(family), (f"park/v1/+/{family}/#",)) for family in Family)


def read(file: str) -> tuple[Lane, ...]:
    """The lanes of a TOML file (`[[lane]] name = "…" filters = ["…"]`); the default lanes where `file` is empty."""
    if not file:
        return DEFAULT
    try:
        rows = tomllib.loads(Path(file).read_text(encoding="utf-8"))["lane"]
        lanes = tuple(Lane(str(row["name"]), _filters(row["filters"])) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f'{file}: {error}; write [[lane]] with name = "…" and filters = ["…"]') from error
    check(lanes)
    return lanes


def with_sources(lanes: Sequence[Lane], sources: Sequence[Source]) -> tuple[Lane, ...]:
    """These lanes and one more for each lane that the sources name."""
    extra: dict[str, list[Source]] = {}
    for source in sources:
        extra.setdefault(source.lane, []).append(source)
    found = tuple(lanes) + tuple(
        Lane(name, tuple(Pattern.parse(s.topic).filter for s in of), any(s.format == Format.SPARKPLUG for s in of))
        for name, of in extra.items()
    )
    for taken in extra.keys() & {lane.name for lane in lanes}:
        name = extra[taken][0].name
        raise ConfigurationError(
            f'source "{name}": there is a lane "{taken}" already; give the sources one of their own'
        )
    check(found)
    return found


def _filters(given: object) -> tuple[str, ...]:
    """ValueError where this is not a list of MQTT filters (MQTT 3.1.1, section 4.7)."""
    if not isinstance(given, list) or not given:
        raise ValueError("filters must be a list of at least one filter")
    for filter_ in given:
        levels = str(filter_).split("/")
        whole = all(level in ("+", "#") or not {"+", "#", "\x00"} & set(level) for level in levels)
        if not isinstance(filter_, str) or not filter_ or not whole or "#" in levels[:-1]:
            raise ValueError(f"{filter_!r} is no MQTT filter; + and # stand for whole levels, # for the last")
    return tuple(given)


def check(lanes: Sequence[Lane]) -> None:
    """ConfigurationError where two lanes share a name or a topic: each message must have exactly one lane."""
    if not lanes:
        raise ConfigurationError("there is no lane: nothing would be collected")
    for index, lane in enumerate(lanes):
        if any(overlap(a, b) for n, a in enumerate(lane.filters) for b in lane.filters[n + 1 :]):
            raise ConfigurationError(f"lane {lane.name} has filters that share topics")
        for other in lanes[index + 1 :]:
            if lane.name == other.name:
                raise ConfigurationError(f"two lanes are named {lane.name}")
            for a in lane.filters:
                for b in other.filters:
                    if overlap(a, b):
                        raise ConfigurationError(f"lanes {lane.name} ({a}) and {other.name} ({b}) share topics")


def overlap(a: str, b: str) -> bool:
    """Whether some topic matches both MQTT filters."""
    left, right = a.split("/"), b.split("/")
    for x, y in zip(left, right, strict=False):
        if "#" in (x, y):
            return True
        if x != y and "+" not in (x, y):
            return False
    longer = max(left, right, key=len)
    return len(left) == len(right) or longer[min(len(left), len(right))] == "#"  # `a/#` matches `a` itself


class Claims:
    """One process's share of the lanes. A claim is an advisory lock: it dies with the process or its connection."""

    def __init__(self, lanes: Sequence[Lane], url: str) -> None:
        self.lanes, self._url = lanes, url
        self._conn: psycopg.Connection | None = None
        self._me = int.from_bytes(os.urandom(3), "big")
        self.held: set[str] = set()
        self._busy_since: float | None = None
        self.sure = False  # false while the database is away: then nobody can claim, but nobody may reconnect either

    def step(self) -> set[str]:
        """Claims up to a fair share and lets go of what is above it; the names held now. Keeps them while unsure."""
        self._busy_since = time.monotonic()
        try:
            if self._conn is None:
                self._conn = connect(self._url, role="park_writer", application="park lanes")
                self._conn.autocommit = True
                locks.announce(self._conn, self._me)
                self.held = {name for name in self.held if locks.claim(self._conn, _key(name))}
            share = -(-len(self.lanes) // max(1, locks.processes(self._conn)))
            for lane in self.lanes:
                if lane.name not in self.held and len(self.held) < share and locks.claim(self._conn, _key(lane.name)):
                    self.held.add(lane.name)
            self.sure = True
            return set(sorted(self.held)[:share])
        except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError):
            self.sure = False
            self._drop()
            return set(self.held)
        finally:
            self._busy_since = None

    def interrupt(self, *, after_s: float) -> None:
        """From another thread: ends a connection on which nothing came for so long; the claims are unsure then."""
        since, conn = self._busy_since, self._conn
        if since is not None and conn is not None and time.monotonic() - since >= after_s:
            give_up(conn)

    def release(self, name: str) -> None:
        """Lets another process have a lane, once its session is closed."""
        self.held.discard(name)
        if self._conn is not None:
            self._busy_since = time.monotonic()
            try:
                locks.release(self._conn, _key(name))
            except psycopg.Error:
                self._drop()
            finally:
                self._busy_since = None

    def close(self) -> None:
        """Lets go of everything."""
        self.held.clear()
        self._drop()

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big", signed=True)
