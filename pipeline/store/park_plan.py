"""What applying a park would do to what is recorded of it: a pure comparison, and how it is told to a person."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.domain.park import Park

Row = dict[str, Any]
LISTED = 12  # ids of added things that the text names; `--json` has them all


class Kind(StrEnum):
    """What a change is about, in the order in which it is written."""

    PARK = "park"
    COMPANY = "company"
    SPACE = "space"
    TENANCY = "tenancy"
    DEVICE = "device"
    POINT = "point"
    RULE = "rule"


class Action(StrEnum):
    """What happens. Retired things stay with their data; removed ones had nothing that refers to them."""

    ADD = "add"
    REGISTER = "register"
    CHANGE = "change"
    RETIRE = "retire"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is added, changed, … ; fields holds (name, old, new) of what differs."""

    action: Action
    kind: Kind
    id: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, what stays although the file says otherwise (kind, id, why), and what deserves a look."""

    park_id: str
    changes: tuple[Change, ...] = ()
    kept: tuple[tuple[Kind, str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.changes

    def ids(self, action: Action, kind: Kind) -> list[str]:
        """Ids of the things of one kind with which that happens."""
        return [change.id for change in self.changes if change.action is action and change.kind is kind]

    def lines(self) -> Iterator[str]:
        """The plan for a terminal."""
        tally = Counter((change.action, change.kind) for change in self.changes)
        for action in Action:
            for kind in Kind:
                if count := tally[action, kind]:
                    yield f"{action} {count} {kind}: " + self._ids(action, kind)
        for change in self.changes:
            if change.action in (Action.CHANGE, Action.REGISTER):
                told = ", ".join(f"{name}: {_told(old)} → {_told(new)}" for name, old, new in change.fields)
                yield f"  {change.kind} {change.id}: {told or 'as it is'}"
        for kind, name, reason in self.kept:
            yield f"keep {kind} {name}: {reason}"
        for warning in self.warnings:
            yield f"look at {warning}"
        if self.empty:
            yield "nothing to do"

    def _ids(self, action: Action, kind: Kind) -> str:
        ids = self.ids(action, kind)
        more = len(ids) - LISTED
        return ", ".join(ids[:LISTED]) + (f" and {more} more" if more > 0 else "")

    def as_json(self) -> dict[str, Any]:
        """The plan for a program: counts as {action: {kind: n}}, and every change."""
        counts: dict[str, dict[str, int]] = {}
        for change in self.changes:
            of_action = counts.setdefault(change.action, {})
            of_action[change.kind] = of_action.get(change.kind, 0) + 1
        changes = [asdict(change) for change in self.changes]
        kept = [list(k) for k in self.kept]
        warnings = list(self.warnings)
        return {"park": self.park_id, "counts": counts, "changes": changes, "kept": kept, "warnings": warnings}


def _told(value: Any) -> str:
    if value is None:
        return "—"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(slots=True)
class Recorded:
    """Rows of one park by id: as the database has them (with `provisional` and `retired`), or as a file wants them."""

    park: Row | None = None
    companies: dict[str, Row] = field(default_factory=dict)
    spaces: dict[str, Row] = field(default_factory=dict)
    tenancies: set[tuple[str, str]] = field(default_factory=set)
    devices: dict[str, Row] = field(default_factory=dict)
    points: dict[tuple[str, str], Row] = field(default_factory=dict)


def wanted(park: Park) -> Recorded:
    """The rows that describe a park; keys are the columns of the tables."""
    rows = Recorded(
        park={
            "park_id": park.park_id,
            "name_zh": park.name.zh,
            "name_en": park.name.en,
            "time_zone": park.time_zone,
            "crs": str(park.crs),
            "lon": park.position[0],
            "lat": park.position[1],
            "address_zh": park.address.zh,
            "address_en": park.address.en,
        }
    )
    for company in park.companies:
        rows.companies[company.company_id] = {"name_zh": company.name.zh, "name_en": company.name.en}
    for space in park.spaces:
        rows.spaces[space.space_id] = {
            "parent_id": space.parent_id,
            "kind": str(space.kind),
            "name_zh": space.name.zh,
            "name_en": space.name.en,
            "footprint": [list(corner) for corner in space.footprint] or None,
            "height_m": space.height_m,
            "level": space.level,
            "area_m2": space.area_m2,
            "brick_class": space.brick_class,
        }
        rows.tenancies.update((space.space_id, company_id) for company_id in space.company_ids)
    for device in park.devices:
        rows.devices[device.device_id] = {
            "family": str(device.family),
            "type": device.type,
            "name_zh": device.name.zh,
            "name_en": device.name.en,
            "space_id": device.space_id,
            "gateway_id": device.gateway_id,
            "lon": device.position[0] if device.position else None,
            "lat": device.position[1] if device.position else None,
            "interval_s": device.interval_s,
            "brick_class": device.brick_class,
        }
        for point in device.points:
            rows.points[device.device_id, point.name] = {
                "unit": point.unit,
                "kind": str(point.kind),
                "low": point.low,
                "high": point.high,
                "interval_s": point.interval_s,
                "brick_class": point.brick_class,
                "role": point.role,
            }
    return rows


def compare(park_id: str, recorded: Recorded, want: Recorded, *, referred: Mapping[str, str]) -> Plan:
    """The plan that leads from `recorded` to `want`. referred: companies that must stay, and why."""
    changes: list[Change] = []
    kept: list[tuple[Kind, str, str]] = []
    parks = ({park_id: recorded.park} if recorded.park else {}), {park_id: want.park or {}}
    changes += _differences(Kind.PARK, *parks)
    changes += _differences(Kind.COMPANY, recorded.companies, want.companies)
    for company_id in sorted(recorded.companies.keys() - want.companies.keys()):
        if reason := referred.get(company_id):
            kept.append((Kind.COMPANY, company_id, reason))
        else:
            changes.append(Change(Action.REMOVE, Kind.COMPANY, company_id))
    changes += _differences(Kind.SPACE, recorded.spaces, want.spaces)
    needed = _needed_spaces(recorded, want)
    for space_id in sorted(recorded.spaces.keys() - want.spaces.keys()):
        if reason := needed.get(space_id):
            kept.append((Kind.SPACE, space_id, reason))
        else:
            changes.append(Change(Action.REMOVE, Kind.SPACE, space_id))
    for action, pairs in (
        (Action.ADD, want.tenancies - recorded.tenancies),
        (Action.REMOVE, recorded.tenancies - want.tenancies),
    ):
        changes += [Change(action, Kind.TENANCY, "/".join(pair)) for pair in sorted(pairs)]
    changes += _differences(Kind.DEVICE, recorded.devices, want.devices)
    changes += _retired(Kind.DEVICE, recorded.devices, want.devices)
    changes += _differences(Kind.POINT, recorded.points, want.points)
    changes += _retired(Kind.POINT, recorded.points, want.points)
    return Plan(park_id, tuple(changes), tuple(kept))


def _differences(kind: Kind, old: Mapping[Any, Row], new: Mapping[Any, Row]) -> Iterator[Change]:
    for key, row in new.items():
        before = old.get(key)
        if before is None:
            yield Change(Action.ADD, kind, _id(key))
            continue
        fields = [(name, before[name], value) for name, value in row.items() if before[name] != value]
        if before.get("retired"):
            fields.append(("retired", True, False))
        if before.get("provisional"):
            yield Change(Action.REGISTER, kind, _id(key), tuple(fields))
        elif fields:
            yield Change(Action.CHANGE, kind, _id(key), tuple(fields))


def _retired(kind: Kind, old: Mapping[Any, Row], new: Mapping[Any, Row]) -> Iterator[Change]:
    """What nobody describes any more. Provisional things never were described: they stay as they are."""
    for key in sorted(old.keys() - new.keys()):
        if not old[key]["provisional"] and not old[key]["retired"]:
            yield Change(Action.RETIRE, kind, _id(key))


def _id(key: Hashable) -> str:
    return key if isinstance(key, str) else "/".join(key)  # type: ignore[arg-type]


def _needed_spaces(recorded: Recorded, want: Recorded) -> dict[str, str]:
    """Spaces in which a device stays that the file does not describe, and those around them, with the reason."""
    needed: dict[str, str] = {}
    for device_id, row in recorded.devices.items():
        if device_id in want.devices:
            continue
        at = row["space_id"]
        while at in recorded.spaces and at not in needed:
            needed[at] = f"device {device_id} stands in it"
            at = recorded.spaces[at]["parent_id"]
    return needed
