"""The boards of all parks, each made when it is first asked for, and which park is meant where none is named."""

import threading
import time

from api.database import Database, Reader
from api.tiles.board import Board, Face, make_board, park_info
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.clock import Clock
from pipeline.domain.errors import NotFound, Unavailable


class Boards:
    """Safe to use from several threads."""

    def __init__(self, database: Database, clock: Clock, *, build: str, notice: str, read_only: bool = False) -> None:
        self.database, self.clock, self.build, self.notice, self.read_only = database, clock, build, notice, read_only
        self._boards: dict[str, Board] = {}
        self._sole: str | None = None
        self._lock = threading.Lock()

    def board(self, park_id: str) -> Board:
        """A park's board. Raises NotFound, Unavailable."""
        held = self._boards.get(park_id)
        if held is not None:
            return held
        with self.database.read() as reader:
            park = park_info(reader, park_id)
        with self._lock:
            made = make_board(park, build=self.build, notice=self.notice, read_only=self.read_only)
            return self._boards.setdefault(park_id, made)

    def refresh(self, board: Board, kinds: frozenset[str] = frozenset(), *, alone: bool = False) -> dict[str, Face]:
        """All tiles, none older than it should be; `alone`: only those that a notice concerns. Raises Unavailable."""
        if "registry" in kinds:  # its name, zone or address may have changed
            with self.database.read() as reader:
                board.park = park_info(reader, board.park.park_id)
        return board.refresh(self.database, now=self.clock.now(), real=time.monotonic(), kinds=kinds, alone=alone)

    def choose(self, park_id: str | None) -> str:
        """The park that is meant: the one named, else the only one there is. Raises InvalidParameter, Unavailable."""
        if park_id is not None:
            return park_id
        try:
            with self.database.read() as reader:
                self._sole = sole_park(reader)
        except Unavailable:
            if self._sole is None:
                raise
        return self._sole


def sole_park(reader: Reader) -> str:
    """The only park there is. NotFound where there is none, InvalidParameter where there are several."""
    parks = [row["park_id"] for row in reader.rows("park_list")]
    if not parks:
        raise NotFound("no park was applied yet; run `park apply FILE`")
    if len(parks) > 1:
        raise InvalidParameter(Wrong("park", "is missing, and there are several parks", f"one of {', '.join(parks)}"))
    return str(parks[0])
