"""Makes shifts from their patterns some weeks ahead, and says which skill has nobody on duty now."""

import logging
from datetime import datetime

import psycopg

from pipeline import metrics
from pipeline.store import rotas

log = logging.getLogger(__name__)


class FillRotas:
    """The step. It warns when a gap begins, not every time it looks."""

    def __init__(self) -> None:
        self._gaps: dict[str, list[str]] = {}

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many shifts were made."""
        made = 0
        for park_id, _ in conn.execute(rotas.QUERIES["parks_with_rotas"]).fetchall():
            made += rotas.fill(conn, park_id, now=now)
            gaps = rotas.gaps(conn, park_id, now)
            if gaps != self._gaps.get(park_id, []):
                if gaps:
                    log.warning("park %s: nobody is on duty at level 1 for %s", park_id, ", ".join(gaps))
                self._gaps[park_id] = gaps
            metrics.DUTY_GAPS.labels(park_id).set(len(gaps))
        return made
