"""Where a park lies, and the positions and outlines within it, given in degrees or in metres from there."""

from typing import Any, NamedTuple

from pipeline.parkfile import geometry
from pipeline.parkfile.fields import Record, as_pair
from pipeline.parkfile.geometry import Position


class Frame(NamedTuple):
    """The park's own position, None where the file gives none that can be used."""

    origin: Position | None

    def position(self, record: Record) -> Position | None:
        """`position = [lon, lat]` or `position_m = [east, north]` of a thing in the park."""
        key = _one_of(record, "position", "position_m")
        given = record.pair(key) if key else None
        return self._placed(record, (key,), given, metres=key == "position_m") if key and given else None

    def footprint(self, record: Record) -> tuple[Position, ...]:
        """`footprint = [[lon, lat], …]` or `footprint_m = [[east, north], …]`: a simple outline near the park."""
        key = _one_of(record, "footprint", "footprint_m")
        if not key:
            return ()
        value: Any = record.table[key]
        if not isinstance(value, list):
            value = []
        given = [as_pair(corner, lambda: None) for corner in value]
        if len(given) < 3 or None in given:
            example = "[[0, 0], [60, 0], [60, 40], [0, 40]]" if key == "footprint_m" else "[[116.33, 40.03], …]"
            record.wrong(key, f'"{key}" is not an outline of three or more corners', f"write {key} = {example}")
            return ()
        placed = [
            self._placed(record, (key, index), corner, metres=key == "footprint_m")
            for index, corner in enumerate(given)
            if corner
        ]
        corners = geometry.ring([corner for corner in placed if corner])
        if self.origin is None or None in placed:
            return ()
        if len(corners) > 2 and (sides := geometry.crossing(corners)):
            message = f'"{key}" crosses or touches itself: sides {sides[0]} and {sides[1]}'
            record.wrong((key, sides[1] - 1), message, "write its corners in order around the outline, each once")
        elif len(corners) < 3 or geometry.area_m2(corners) < 1:
            record.wrong(key, f'"{key}" encloses no area', "write its corners in order around the outline")
        return corners

    def _placed(self, record: Record, path: tuple[str | int, ...], given: Position, *, metres: bool) -> Position | None:
        if self.origin is None:
            return None
        place = geometry.moved(self.origin, *given) if metres else given
        if (far := geometry.distance_km(self.origin, place)) <= geometry.FAR_KM:
            return place
        swapped = not metres and geometry.distance_km(self.origin, (given[1], given[0])) <= geometry.FAR_KM
        right = f"write [{given[1]:g}, {given[0]:g}]: longitude comes first"
        advice = right if swapped else "correct it, or [park] position"
        record.wrong(path, f"lies {far:,.0f} km from the park's own position", advice)
        return None


def _one_of(record: Record, degrees: str, metres: str) -> str:
    both = [key for key in (degrees, metres) if record.has(key)]
    if len(both) == 2:
        record.wrong(metres, f'"{degrees}" and "{metres}" say the same thing twice', f"leave out {metres}")
    return both[0] if both else ""
