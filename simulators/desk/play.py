"""Plays people's lives on one clock: each is a generator that says when it goes on."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from simulators.desk.acts import Desk

Life = Iterator[datetime]
"""Each value is the instant at which it wants to go on; earlier than now is now."""


class Play:
    """Lives by the instant at which each goes on; the same instant in the order of their coming."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._next: list[tuple[datetime, int, Life]] = []
        self._order = count()

    def begin(self, at: datetime, life: Life) -> None:
        """A life that begins then."""
        heapq.heappush(self._next, (at, next(self._order), life))

    def until(self, end: datetime) -> int:
        """Lets everybody live until `end`; how many steps that took. Who has not ended goes on with the next call."""
        steps = 0
        while self._next and self._next[0][0] < end:
            at, _, life = heapq.heappop(self._next)
            self.desk.now = max(at, self.desk.now)
            steps += 1
            again = next(life, None)
            if again is not None:
                self.begin(max(again, self.desk.now), life)
        self.desk.now = max(end, self.desk.now)
        return steps
