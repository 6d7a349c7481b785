"""Pages by key: the cursor names the last item seen, so that a list may grow while someone reads it."""

import base64
import binascii
import json
from typing import Any

from fastapi import Request

from api.wrong import InvalidParameter, Wrong


def cursor(*keys: str | int) -> str:
    """An opaque cursor for these keys."""
    return base64.urlsafe_b64encode(json.dumps(keys, separators=(",", ":")).encode()).decode().rstrip("=")


def keys_of(text: str | None, *types: type[str] | type[int]) -> tuple[Any, ...]:
    """The keys of a cursor, all None where there is no cursor. InvalidParameter for anything that we never made."""
    if text is None:
        return (None,) * len(types)
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):  # covers undecodable text and JSON
        found = None
    if not isinstance(found, list) or len(found) != len(types) or not all(map(fits, found, types)):
        raise bad_cursor()
    return tuple(found)


def bad_cursor() -> InvalidParameter:
    """The error for a cursor that we never made."""
    return InvalidParameter(Wrong("after", "is not a cursor of this list", "the `after` of the link in `next`"))


def fits(key: Any, expected: type) -> bool:
    """Whether a key is what the list is ordered by, and nothing that the database would choke on."""
    if isinstance(key, bool) or not isinstance(key, expected):
        return False
    return abs(key) < 2**62 if isinstance(key, int) else len(str(key)) < 200 and "\0" not in str(key)


def next_link(request: Request, after: str) -> str:
    """The path of the next page: the same request with another cursor."""
    url = request.url.include_query_params(after=after)
    return f"{url.path}?{url.query}"
