"""Open streams end with what they stand on: a session or token that is revoked closes them, at once where the database
says so, else within seconds."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from api.subscription import Subscription
from pipeline.domain.errors import ParkError
from pipeline.domain.role import Principal

CHECK_S = 15.0
NOTICE = "session"
Look = Callable[[Iterable[int], Iterable[int]], set[tuple[str, int]]]


class Standing:
    """`start` and `stop` it on the event loop that serves the streams. `look` tells which sessions and tokens hold."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._on: dict[Subscription, tuple[str, int]] = {}
        self._stirred = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Ends that; streams stay as they are."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def add(self, client: Subscription, who: Principal) -> None:
        """A stream of somebody signed in; of whoever is on this machine nothing can end."""
        if who.session is not None:
            self._on[client] = ("session", who.session)
        elif who.token is not None:
            self._on[client] = ("token", who.token)

    def forget(self, client: Subscription) -> None:
        """A stream that has ended."""
        self._on.pop(client, None)

    def hear(self, kind: str) -> None:
        """A notice of the database; from any thread."""
        if kind == NOTICE and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stirred.set)

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), CHECK_S)
            self._stirred.clear()
            if self._on:
                await self._close_what_ended()

    async def _close_what_ended(self) -> None:
        asked = dict(self._on)
        numbers = {kind: {n for k, n in asked.values() if k == kind} for kind in ("session", "token")}
        try:
            held = await asyncio.get_running_loop().run_in_executor(
                None, self._look, numbers["session"], numbers["token"]
            )
        except ParkError:
            return  # the database is away: nothing new is sent either, and it is asked again
        for client, stands_on in asked.items():
            if stands_on not in held:
                client.close("signed-out")
