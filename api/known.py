"""What there is, for who asked for what there is not."""

from difflib import get_close_matches
from typing import Literal

from api.database import Reader
from pipeline.domain.errors import NotFound

NEAR = 5


def check_known(
    reader: Reader, park_id: str, what: Literal["space", "building", "gateway", "device"], asked: str
) -> None:
    """NotFound, with ids that are near, where a park has no such space, building, gateway or device."""
    known = [row["id"] for row in reader.rows("known_ids", park=park_id, what=what)]
    if asked not in known:
        raise unknown(f"{what} {asked} in park {park_id}", asked, known)


def unknown(what: str, asked: str, known: list[str], *, most: int = NEAR) -> NotFound:
    """An error that names up to `most` of what is known, the nearest first."""
    near = get_close_matches(asked, known, n=most, cutoff=0.3)
    shown = (near + [name for name in known if name not in near])[:most]
    if not shown:
        return NotFound(f"{what}; there is none at all")
    rest = f", and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    return NotFound(f"{what}; there is {', '.join(shown)}{rest}")
