"""What is somebody's own, for tests/api/test_roles.py: each area adds its cases, and every role is tried on each."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True)
class Owned:
    """Something that not everybody may see. make(conn) puts it into the park `small` and returns the path that shows
    it; seen_by names those of tests/api/signed.py who get 200, everybody else gets 401, 403 or 404."""

    name: str
    make: Callable[[psycopg.Connection], str]
    seen_by: frozenset[str]


CASES: list[Owned] = []
