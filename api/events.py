"""Puts stored event rows into words: BACnet's names for codes, and what is worth saying beside them."""

from typing import NamedTuple

from api.database import Row
from pipeline.domain.access import AccessEventCode, DoorState

KINDS = frozenset({"decision", "passage", "door", "screening", "status", "transition"})


class Told(NamedTuple):
    """An event's name and one detail, both as devices and standards word them; screens translate."""

    label: str
    detail: str | None


def describe(row: Row) -> Told:
    """The words for a row of the queries event_list and tile_sensor_changes."""
    match row["kind"]:
        case "decision":
            return Told(code_label(AccessEventCode, row["code"]), row["reader"])
        case "door":
            return Told(code_label(DoorState, row["code"]), row["reader"])
        case "passage":
            return Told("passage", row["reader"])
        case "screening":
            skin = None if row["skin_c"] is None else f"{row['skin_c']:.1f} °C"
            return Told(row["label"], row["reason"] or skin)
        case "sensor":
            return Told(row["name"], "began" if row["value"] == 1 else "ended")
        case _:
            return Told(row["label"], row["reason"])


def code_label(codes: type[AccessEventCode] | type[DoorState], code: int | None) -> str:
    """BACnet's name of a code; `code-<n>` for one that this program does not know (proprietary ones exist)."""
    if code is None:
        return "unknown"
    try:
        return codes(code).label
    except ValueError:
        return f"code-{code}"
