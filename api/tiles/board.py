"""A park's board: keeps every tile as last computed, and knows which of them are news."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from api import metrics
from api.database import Database, Reader
from api.tiles.alarms import AlarmsTile
from api.tiles.events import EventsTile
from api.tiles.health import HealthTile, SpacesTile
from api.tiles.ingest import IngestTile
from api.tiles.intake import IntakeTile
from api.tiles.look import REGISTRY_LIFE_S, Look, ParkInfo, Source, Tile, names
from api.tiles.park import ParkTile
from api.tiles.people import PeopleTile
from api.tiles.power import PowerTile
from api.tiles.screening import ScreeningTile
from api.tiles.sensors import SensorsTile
from pipeline.domain.errors import NotFound, ParkError

log = logging.getLogger("park.api")

REPEAT_S = 5.0  # a tile whose ages alone moved on is sent again this often
EARLY_S = 0.1  # a tile due that soon is computed with the others
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Face:
    """A tile as it is: its JSON, and a version that counts up when it is news. `shown` was its JSON then."""

    name: str
    json: bytes
    essence: bytes
    version: int
    shown: bytes
    shown_at: float

    @property
    def event(self) -> bytes:
        """The data of a `tile` event: the tile's members beside its name."""
        return b'{"name":' + _encode(self.name) + b"," + self.json[1:]


class Board:
    """All tiles of one park. Safe to use from several threads."""

    def __init__(self, park: ParkInfo, sources: Iterable[Source]) -> None:
        self.park = park
        self.sources = tuple(sources)
        self.faces: dict[str, Face] = {}
        self._computed: dict[str, float] = {}
        self._buildings: tuple[float, dict[str, dict[str, str]]] | None = None
        self._lock = threading.Lock()

    def refresh(
        self, database: Database, *, now: datetime, real: float, kinds: frozenset[str] = frozenset(),
        alone: bool = False,
    ) -> dict[str, Face]:  # fmt: skip
        """Computes what is due at `real` (monotonic s; not if `alone`) or concerned by notices of `kinds`; all faces.

        `now` is park time. Raises Unavailable and what else the database raises; tiles computed before stay.
        """
        with self._lock:
            due = [s for s in self.sources if s.kinds & kinds or (not alone and self._due(s, real))]
            if due:
                with database.read() as reader:
                    look = Look(reader, self.park, now=now, buildings=self._names(reader, real, kinds))
                    for source in due:
                        self._compute(source, look, real)
            return dict(self.faces)

    def _compute(self, source: Source, look: Look, real: float) -> None:
        begun = time.perf_counter()
        try:
            tile = source.compute(look)
        except (ParkError, psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.UndefinedTable):
            raise
        except Exception:
            # One tile's mistake must not take the others with it: the page shows this one's age.
            log.exception("tile %s of park %s", source.name, self.park.park_id)
            look.reader.rollback()
        else:
            self.faces[source.name] = self._face(source, tile, real)
        self._computed[source.name] = real
        metrics.TILE_SECONDS.labels(source.name).observe(time.perf_counter() - begun)

    def _due(self, source: Source, real: float) -> bool:
        computed = self._computed.get(source.name)
        return computed is None or real - computed >= source.every_s - EARLY_S

    def _names(self, reader: Reader, real: float, kinds: frozenset[str]) -> dict[str, dict[str, str]]:
        held = self._buildings
        if held is None or "registry" in kinds or real - held[0] > REGISTRY_LIFE_S:
            rows = reader.rows("tile_buildings", park=self.park.park_id)
            held = self._buildings = (real, {row["space_id"]: names(row) for row in rows})
        return held[1]

    def _face(self, source: Source, tile: Tile, real: float) -> Face:
        json, essence = _encode(tile), _encode(without(tile.data, source.quiet))
        held = self.faces.get(source.name)
        if held is None:
            return Face(source.name, json, essence, 1, json, real)
        if essence != held.essence or (json != held.shown and real - held.shown_at >= REPEAT_S - EARLY_S):
            return Face(source.name, json, essence, held.version + 1, json, real)
        return replace(held, json=json)


def without(data: Any, keys: frozenset[str]) -> Any:
    """The same nest of dicts and lists, with some keys left out at every depth."""
    if not keys:
        return data
    if isinstance(data, Mapping):
        return {k: without(v, keys) for k, v in data.items() if k not in keys}
    if isinstance(data, list):
        return [without(v, keys) for v in data]
    return data


def park_info(reader: Reader, park_id: str) -> ParkInfo:
    """A park as its tiles need it. NotFound where no such park was applied."""
    row = reader.row("park_row", park=park_id)
    if row is None:
        raise NotFound(f"park {park_id}")
    return ParkInfo(row["park_id"], names(row), names(row, "address"), ZoneInfo(row["time_zone"]))


def make_board(park: ParkInfo, *, build: str, notice: str, read_only: bool = False) -> Board:
    """The board of the overview."""
    return Board(
        park,
        [
            ParkTile(build=build, notice=notice),
            AlarmsTile(read_only=read_only),
            PeopleTile(),
            ScreeningTile(),
            PowerTile(),
            HealthTile(),
            SpacesTile(),
            EventsTile(),
            SensorsTile(),
            IngestTile(),
            IntakeTile(),
        ],
    )
