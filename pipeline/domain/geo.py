"""Where a position lies: distances on the ground, and the shift between the coordinate systems of phones and Chinese
maps. Good to a few metres, which is better than any phone indoors."""

from collections.abc import Sequence
from math import cos, hypot, pi, radians, sin, sqrt

Position = tuple[float, float]
"""(lon, lat) in degrees."""
METRES_A_DEGREE = 111_320.0  # of latitude
_A, _EE = 6378245.0, 0.00669342162296594323  # Krasovsky 1940, on which GCJ-02 is built


def metres_outside(position: Position, footprint: Sequence[Position]) -> float:
    """How far outside of a polygon a position is, in metres; 0 inside."""
    lon0, lat0 = position
    east = METRES_A_DEGREE * cos(radians(lat0))
    ring = [((lon - lon0) * east, (lat - lat0) * METRES_A_DEGREE) for lon, lat in footprint]
    sides = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    crossings = sum(
        (y1 > 0) != (y2 > 0) and x1 - y1 * (x2 - x1) / (y2 - y1) > 0 for (x1, y1), (x2, y2) in sides
    )  # of a ray to the east
    return 0.0 if crossings % 2 else min(_from_origin(a, b) for a, b in sides)


def _from_origin(a: Position, b: Position) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else max(0.0, min(1.0, -(a[0] * dx + a[1] * dy) / length))
    return hypot(a[0] + along * dx, a[1] + along * dy)


def to_gcj02(position: Position) -> Position:
    """A WGS-84 position, as a phone tells it, in GCJ-02; only meaningful in mainland China."""
    lon, lat = position
    x, y = lon - 105.0, lat - 35.0
    shake = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + shake
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + shake
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    magic = 1 - _EE * sin(radians(lat)) ** 2
    dlat = north * 180.0 / ((_A * (1 - _EE)) / (magic * sqrt(magic)) * pi)
    dlon = east * 180.0 / (_A / sqrt(magic) * cos(radians(lat)) * pi)
    return lon + dlon, lat + dlat
