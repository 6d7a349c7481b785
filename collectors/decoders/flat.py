"""Numbers out of nested JSON objects, under the names of our points."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from collectors.sources import Source
from pipeline.domain.errors import Rejected

DEEPEST = 6  # levels; what lies deeper is no reading
MOST = 500  # values of one message


def flatten(
    content: Mapping[str, Any], source: Source, *, text: Callable[[str], float | None] = lambda _: None
) -> dict[str, float]:
    """Every number and boolean (1 and 0), objects in objects joined by `_`. `text` tells which texts are numbers.

    Nulls, lists and other texts are no readings. Rejected where two names would be one point, or there are too many.
    """
    found: dict[str, float] = {}
    for name, value in _leaves(content, "", 1):
        number = text(value) if isinstance(value, str) else value
        if number is None:
            continue
        try:
            number = float(number)
        except OverflowError as error:
            raise Rejected("out-of-bounds", "a number is larger than any that can be stored") from error
        point = source.point_name(name)
        if point in found:
            raise Rejected("bad-point-name", f"two values would both be {point}: name one under [source.points]")
        if len(found) == MOST:
            raise Rejected("out-of-bounds", f"more than {MOST} values in one message")
        found[point] = number
    return found


def _leaves(content: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            if depth < DEEPEST:
                yield from _leaves(value, f"{name}_", depth + 1)
        elif isinstance(value, str | int | float):
            yield name, value
