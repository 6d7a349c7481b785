"""Positions and outlines: metres on a site plan become degrees, and an outline that cannot be one is told apart."""

import math
from itertools import combinations

Position = tuple[float, float]

FAR_KM = 10.0  # further from the park's own position than this is a slip, not a park
DIGITS = 7  # about a centimetre


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Length in m of one degree of longitude and of latitude, there (series for the WGS-84 ellipsoid)."""
    phi = math.radians(latitude)
    east = 111412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    north = 111132.92 - 559.82 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    return east, north


def moved(origin: Position, east_m: float, north_m: float) -> Position:
    """(lon, lat) that many metres east and north of `origin`."""
    east, north = metres_per_degree(origin[1])
    return round(origin[0] + east_m / east, DIGITS), round(origin[1] + north_m / north, DIGITS)


def offset_m(origin: Position, position: Position) -> tuple[float, float]:
    """How many metres east and north of `origin` a position is."""
    east, north = metres_per_degree(origin[1])
    return (position[0] - origin[0]) * east, (position[1] - origin[1]) * north


def distance_km(a: Position, b: Position) -> float:
    """Distance in km, good for a park's extent."""
    return math.hypot(*offset_m(a, b)) / 1000


def ring(points: list[Position]) -> tuple[Position, ...]:
    """The corners once each: GeoJSON repeats the first one at the end."""
    return tuple(points[:-1] if len(points) > 1 and points[0] == points[-1] else points)


def area_m2(corners: tuple[Position, ...]) -> float:
    """Area in m² of an outline in degrees."""
    flat = [offset_m(corners[0], corner) for corner in corners]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(flat, [*flat[1:], flat[0]], strict=True))) / 2


def crossing(corners: tuple[Position, ...]) -> tuple[int, int] | None:
    """Two sides (by the number of their first corner, from 1) that cross, touch or fold back; None if it is simple."""
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    for (i, a), (j, b) in combinations(enumerate(sides), 2):
        if j == i + 1:
            wrong = _folds(a[0], a[1], b[1])
        elif i == 0 and j == len(sides) - 1:
            wrong = _folds(b[0], b[1], a[1])
        else:
            wrong = _meet(a, b)
        if wrong:
            return i + 1, j + 1
    return None


def _turn(a: Position, b: Position, c: Position) -> int:
    """1 when a → b → c turns left, -1 right, 0 straight on (areas below about 1 cm², in degrees²)."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(area) < 1e-14 else (1 if area > 0 else -1)


def _folds(before: Position, corner: Position, after: Position) -> bool:
    """Whether the outline goes back the way it came (or stands still)."""
    back = (before[0] - corner[0]) * (after[0] - corner[0]) + (before[1] - corner[1]) * (after[1] - corner[1])
    return _turn(before, corner, after) == 0 and back >= 0


def _meet(first: tuple[Position, Position], second: tuple[Position, Position]) -> bool:
    (a, b), (c, d) = first, second
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = zip(turns, ((a, b, c), (a, b, d), (c, d, a), (c, d, b)), strict=True)
    return any(turn == 0 and _within(*end) for turn, end in ends)


def _within(a: Position, b: Position, c: Position) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
