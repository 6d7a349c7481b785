"""Which orders and requests changed: their numbers, gathered for a moment, for who shows them to read them again with
rights of their own."""

import asyncio
from collections.abc import Callable

import msgspec

KINDS = {"order": "work_orders", "request": "requests"}
"""of these notices the numbers are sent on, under this name"""
GATHER_S = 0.25


class Changed:
    """Used on the event loop only. send(event, data): to every stream; a list that is empty: any may have changed."""

    def __init__(self, send: Callable[[str, bytes], None]) -> None:
        self._send = send
        self._numbers: dict[str, set[int]] = {}
        self._waiting: asyncio.TimerHandle | None = None

    def add(self, kind: str, number: str) -> None:
        """This one changed."""
        self._numbers.setdefault(kind, set()).add(int(number))
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(GATHER_S, self._tell)

    def any(self) -> None:
        """Some notices may have been missed."""
        self._numbers = {kind: set() for kind in KINDS}
        if self._waiting is not None:
            self._waiting.cancel()
        self._tell()

    def _tell(self) -> None:
        numbers, self._numbers, self._waiting = self._numbers, {}, None
        for kind, changed in numbers.items():
            self._send(kind, msgspec.json.encode({KINDS[kind]: sorted(changed)}))
