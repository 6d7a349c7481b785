"""One client's end of the live stream: a bounded queue, and the response that writes it out."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

QUEUE = 64
"""events a client may be behind, besides what its connection buffers: more than ten seconds of them"""


class Subscription:
    """Used on the event loop only. `why` tells how it ended: gone, slow, signed-out or shutdown; None: it is open."""

    def __init__(self, first: Iterable[bytes], *, limit: int = QUEUE) -> None:
        self._queue = deque(first)
        self._limit = limit
        self._stirred = asyncio.Event()
        self._stirred.set()
        self.why: str | None = None

    def offer(self, chunk: bytes) -> bool:
        """Queues one encoded event, without ever waiting; False where the client is too far behind: it is closed."""
        if self.why is None and len(self._queue) >= self._limit:
            self.close("slow")
        if self.why is not None:
            return False
        self._queue.append(chunk)
        self._stirred.set()
        return True

    def close(self, why: str) -> None:
        """Ends the stream; what is queued is dropped, a client that returns resumes by its last event id."""
        if self.why is None:
            self.why = why
            self._queue.clear()
            self._stirred.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is queued, joined, as it comes; ends when closed."""
        while self.why is None:
            await self._stirred.wait()
            self._stirred.clear()
            if self._queue:
                chunk = b"".join(self._queue)
                self._queue.clear()
                yield chunk


class EventStream(Response):
    """`text/event-stream` of one subscription. A client that left or was closed costs at most one pending write."""

    media_type = "text/event-stream"
    charset = "utf-8"

    def __init__(self, subscription: Subscription, done: Callable[[Subscription], None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.subscription, self.done = subscription, done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(self._watch(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for chunk in self.subscription.chunks():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
            self.subscription.close("gone")
            self.done(self.subscription)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.subscription.close("gone")
