"""Drains what lies on this host for lanes that this process does not hold: left by a process that died, or that gave
the lane to somebody else."""

import logging
from collections.abc import Container
from pathlib import Path

from collectors.credentials import CredentialBook
from collectors.handover import Handover
from collectors.reader import Reader
from collectors.routes import SourceTable
from collectors.secrets import Keys
from collectors.spool import open_spool, waiting
from collectors.spool_drain import Drain
from pipeline.settings import Settings

log = logging.getLogger(__name__)
STOP_S = 10.0


class Leftovers:
    """One drain for each such lane, while its folder is nobody else's."""

    def __init__(self, settings: Settings, keys: Keys, sources: SourceTable) -> None:
        self._settings, self._keys, self._sources = settings, keys, sources
        self._drains: dict[str, tuple[Drain, set[Path]]] = {}
        self._hopeless: set[Path] = set()  # drained, and still there: another key's
        self._last: dict[str, Drain] = {}  # of each lane, whether or not it still runs

    def step(self, own: Container[str], *, database_there: bool) -> None:
        """Begins to drain what is not `own`, if there is anything."""
        for lane, (drain, files) in list(self._drains.items()):
            if not drain.alive:
                del self._drains[lane]
                if drain.finished:
                    self._hopeless |= {file for file in files if file.exists()}
        if not database_there:
            return
        for lane, files in waiting(self._settings.spool).items():
            if lane not in own and lane not in self._drains and files - self._hopeless:
                self._begin(lane, files)

    @property
    def trouble(self) -> list[str]:
        """What of it needs a person, in words."""
        found = {lane: (d.trouble, d.spool.trouble) for lane, d in list(self._last.items())}
        if not any(any(why) for why in found.values()):
            return []
        waits = waiting(self._settings.spool)
        return [f"lane {lane}, left here: {why}" for lane in found if lane in waits for why in found[lane] if why]

    def look(self) -> None:
        """Now and then, from another thread: gives up connections that hang."""
        for drain, _ in list(self._drains.values()):
            drain.look()

    def leave(self, lane: str) -> None:
        """Lets go of a lane that is now this process's own."""
        if lane in self._drains:
            self._drains.pop(lane)[0].stop(within_s=STOP_S)
        self._last.pop(lane, None)
        self._hopeless -= waiting(self._settings.spool).get(lane, set())  # should it be left again, to be told again

    def close(self) -> None:
        """Lets go of all; the rest stays on disk."""
        for lane in list(self._drains):
            self.leave(lane)

    def _begin(self, lane: str, files: set[Path]) -> None:
        spool = open_spool(self._settings, lane, self._keys)
        try:
            if not spool.acquire():
                self._last.pop(lane, None)
                return  # it is being taken care of
        except OSError as error:
            log.error("lane %s: what was left on this host cannot be read: %s", lane, error)  # noqa: TRY400
            self._hopeless |= files
            return
        log.info("lane %s: draining what was left on this host: %d messages", lane, spool.messages)
        reader = Reader(self._keys, CredentialBook(self._keys.pseudonym), self._sources.of(lane))
        drain = Drain(spool, Handover(lane, reader, self._settings), once=True)
        if lane in self._last:
            drain.trouble = self._last[lane].trouble  # until it proves otherwise
        self._last[lane] = drain
        self._drains[lane] = drain, files
        drain.start()
