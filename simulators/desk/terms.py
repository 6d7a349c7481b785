"""What the park promises, as the simulator reads it: the most specific word of the desk files on each term.

The files are configuration, and shared; how they are understood is written here a second time (docs/sla.md).
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.domain.park import Park
from simulators.desk.hours import ALWAYS, KINDS_OF_DAY, Hours, Window
from simulators.desk.promises import KINDS, Promise, Target
from simulators.desk.truth import TrueOrder

HOUR_S = 3600.0
DESK_FOLDER = Path(__file__).parents[1] / "parks" / "qinghe-desk"


@dataclass(frozen=True)
class Terms:
    """All policies, the calendars that they name, and what each space is part of, outwards, itself first."""

    policies: Sequence[Mapping[str, Any]]
    calendars: Mapping[str, Hours]
    around: Mapping[str, Sequence[str]]

    def promise(self, row: TrueOrder) -> Promise:
        """What holds for an order."""
        fitting = [(rank, policy) for policy in self.policies if (rank := self._rank(policy, row)) is not None]
        fitting.sort(key=lambda one: (*(-part for part in one[0]), one[1]["id"]))

        def said(name: str) -> Any:
            return next((policy[name] for _, policy in fitting if name in policy), None)

        return Promise(
            {kind: self._target(said(kind)) for kind in KINDS},
            pauses={reason: hours * HOUR_S for reason, hours in (said("pauses_hours") or {}).items()},
            at_most=None if said("pauses_hours_in_all") is None else said("pauses_hours_in_all") * HOUR_S,
            confirm_days=said("confirm_days"),
        )

    def promises(self, rows: Mapping[int, TrueOrder]) -> dict[int, Promise]:
        """What holds for each order."""
        return {number: self.promise(row) for number, row in rows.items()}

    def _target(self, told: Mapping[str, Any]) -> Target:
        hours = self.calendars[told["calendar"]]
        if "minutes" in told:
            return Target(hours, 60.0 * told["minutes"])
        return Target(hours, days=told["working_days"])

    def _rank(self, policy: Mapping[str, Any], row: TrueOrder) -> tuple[int, ...] | None:
        """How specific a policy is: a tenant's contract before a contractor's, a service, a near space, a priority."""
        rank = []
        for name, value in (("companies", row.company), ("contractors", row.contractor), ("services", row.service)):
            if policy.get(name) and value not in policy[name]:
                return None
            rank.append(int(bool(policy.get(name))))
        near = 0
        if policy.get("spaces"):
            chain = self.around.get(row.space or "", ())
            near = max((len(chain) - n for n, space in enumerate(chain) if space in policy["spaces"]), default=0)
            if not near:
                return None
        if policy.get("priorities") and row.priority not in policy["priorities"]:
            return None
        return (*rank, near, int(bool(policy.get("priorities"))))


def read(park: Park, folder: Path = DESK_FOLDER) -> Terms:
    """The terms of a park's desk files."""
    told: dict[str, list[dict[str, Any]]] = {"policies": [], "calendars": []}
    for file in sorted(folder.glob("*.toml")):
        found = tomllib.loads(file.read_text(encoding="utf-8"))
        for name, rows in told.items():
            rows += found.get(name, [])
    parents = {space.space_id: space.parent_id for space in park.spaces}
    around: dict[str, list[str]] = {}
    for space in parents:
        at: str | None = space
        around[space] = []
        while at is not None:
            around[space].append(at)
            at = parents.get(at)
    calendars = {row["id"]: Hours(tuple(_window(w) for w in row["windows"])) for row in told["calendars"]}
    return Terms(told["policies"], {"always": ALWAYS, **calendars}, around)


def _window(told: Mapping[str, Any]) -> Window:
    since, until = _minutes(told["from"]), _minutes(told["until"])
    return Window(since, until if until > since else until + 24 * 60, tuple(told.get("days", KINDS_OF_DAY)))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)
