"""Whether somebody is where they say: a code that changes every minute, a tag at the place, a position inside the
building. What is not proven is claimed, and says what failed; a dead display keeps nobody from work."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from pipeline.domain.geo import Position, metres_outside, to_gcj02
from pipeline.domain.park import Crs

WINDOW_S = 60
AROUND = (0, -1, 1)  # windows beside the one of now: displays and phones are not to the second
MARGIN_M = 50.0  # a phone between concrete walls is off by so much
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else
CODE_LENGTH, TAG_LENGTH = 6, 20
PROOFS = ("code", "nfc", "geofence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where an order is: the places whose code or tag shows that somebody is there, and what is around it.

    places: ids of its device, of its space and of what that lies in, up to the building (docs/work-orders.md).
    """

    park_id: str
    places: Sequence[str] = ()
    footprint: Sequence[Position] = ()
    crs: Crs = Crs.WGS84


def rotating_code(secret: str, place: str, now: datetime) -> str:
    """What the display at a place shows in this minute. place: `<park>/<space or device id>`."""
    return _code(secret, place, int(now.timestamp()) // WINDOW_S)


def tag(secret: str, place: str) -> str:
    """What is written onto the NFC tag at a place. It never changes: a tag that was copied shows nothing."""
    return _letters(secret, f"tag/{place}", TAG_LENGTH)


def prove(site: Site, proof: str, *, secret: str, at: datetime, code: str | None = None,
          position: Position | None = None) -> dict[str, Any]:  # fmt: skip
    """What the event of an arrival says: {proof, place or metres}, or {proof: claimed, tried, failed}.

    at: when they arrived; a code is that of its minute, so that a phone may be offline meanwhile.
    """
    if proof == "geofence":
        why = _position(site, position)
        return {"proof": proof} if why is None else _claimed(proof, why)
    if proof not in PROOFS:
        return _claimed(proof, "there is no such proof")
    if not secret:
        return _claimed(proof, "this park has no secret for codes and tags (PARK_SITE_SECRET)")
    given = (code or "").strip().upper().replace("-", "").replace(" ", "")
    window = int(at.timestamp()) // WINDOW_S
    for place in site.places:
        own = f"{site.park_id}/{place}"
        codes = [_code(secret, own, window + around) for around in AROUND]
        good = [tag(secret, own)] if proof == "nfc" else codes
        if any(hmac.compare_digest(given.encode(), one.encode()) for one in good):
            return {"proof": proof, "place": place}
    return _claimed(
        proof, "it is not the tag of this place" if proof == "nfc" else "it was not the code of that minute"
    )


def _position(site: Site, position: Position | None) -> str | None:
    if position is None or not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
        return "there is no position"
    if len(site.footprint) < 3:
        return "the park file has no outline of this place"
    there = to_gcj02(position) if site.crs is Crs.GCJ02 else position
    metres = metres_outside(there, site.footprint)
    return None if metres <= MARGIN_M else f"the position is {metres:.0f} m outside"


def _claimed(tried: str, failed: str) -> dict[str, Any]:
    return {"proof": "claimed", "tried": tried, "failed": failed}


def _code(secret: str, place: str, window: int) -> str:
    return _letters(secret, f"code/{window}/{place}", CODE_LENGTH)


def _letters(secret: str, text: str, length: int) -> str:
    number = int.from_bytes(hmac.digest(secret.encode(), text.encode(), sha256), "big")
    out = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        out.append(ALPHABET[rest])
    return "".join(out)
