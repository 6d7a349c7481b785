"""What rules watch: expanded from their selectors over what is registered, whenever either of them changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.domain.subjects import Candidate, Candidates, Subject
from pipeline.store.rules import QUERIES, Watch, readable, stored

Key = tuple[int, int | None, int | None, str | None]
"""rule, point, device, space"""


@dataclass(frozen=True)
class Registered:
    """What is registered of a park, and the keys of its devices and points (a device's own under the point None)."""

    candidates: Candidates
    keys: dict[tuple[str, str | None], int]

    def key(self, subject: Subject) -> tuple[int | None, int | None, str | None]:
        """A subject's point, device and space, as a watch names them."""
        device = self.keys[subject.device_id, None] if subject.device_id else None
        point = self.keys[subject.device_id, subject.point] if subject.device_id and subject.point else None
        return point, device, subject.space_id


def registered(conn: psycopg.Connection, park_id: str) -> Registered:
    """Devices and points of a park that are neither provisional nor retired."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["registered"], {"park": park_id}).fetchall()
    return of_rows(rows, conn.execute(QUERIES["parents"], {"park": park_id}))


def of_rows(rows: Iterable[dict[str, Any]], parents: Iterable[tuple[str, str | None]]) -> Registered:
    """From rows of the query `registered`, and (space, what it lies in)."""
    devices: dict[str, Candidate] = {}
    keys: dict[tuple[str, str | None], int] = {}
    for row in rows:
        name, points = row["device_id"], row["points"]
        roles = {point: role for point, (_, role) in points.items()}
        devices[name] = Candidate(name, row["family"], row["type"], row["brick_class"], row["space_id"], roles)
        keys[name, None] = row["device"]
        for point, (key, _) in points.items():
            keys[name, point] = key
    return Registered(Candidates(devices, dict(parents)), keys)


def expand(conn: psycopg.Connection, park_id: str) -> int:
    """Brings the watches to what the rules in force select; how many changed. No watch is ever removed: one that is
    watched no longer is marked as retired, and comes back under its number. The caller holds `rules.lock`."""
    known = registered(conn, park_id)
    wanted: dict[Key, int | None] = {}
    for row in stored(conn, park_id).values():
        rule = None if row.retired else readable(row)
        for subject in known.candidates.subjects(rule) if rule is not None and rule.enabled else ():
            wanted[row.rule, *known.key(subject)] = known.keys[subject.other] if subject.other else None
    have: dict[Key, tuple[int | None, bool]] = {}
    for row_ in conn.execute(QUERIES["watches"], {"park": park_id}):
        watch = Watch(*row_)
        have[watch.rule, watch.point, watch.device, watch.space_id] = watch.other, watch.retired
    changed = [(key, other, False) for key, other in wanted.items() if have.get(key) != (other, False)]
    changed += [(key, other, True) for key, (other, gone) in have.items() if not gone and key not in wanted]
    if changed:
        rows = [
            {"rule": rule, "point": point, "device": device, "space_id": space, "other": other, "retired": retired}
            for (rule, point, device, space), other, retired in changed
        ]
        conn.execute(QUERIES["put_watches"], {"rows": Jsonb(rows)})
    return len(changed)
