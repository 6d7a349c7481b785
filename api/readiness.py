"""Whether everything is there, told in time: a supervisor does not wait for a database that hangs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

PATIENCE_S = 1.5


class Readiness:
    """One question at a time; who asks while one is under way shares its answer. For one event loop."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="park-ready")
        self._asked: asyncio.Future[list[str]] | None = None

    async def missing(self, find: Callable[[], list[str]]) -> list[str]:
        """What `find` says is missing, or that the database does not answer."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.get_running_loop().run_in_executor(self._worker, find)
        asked = self._asked
        done, _ = await asyncio.wait({asked}, timeout=PATIENCE_S)
        return asked.result() if done else [f"the database does not answer within {PATIENCE_S:g} s"]

    def close(self) -> None:
        """Waits for nothing."""
        self._worker.shutdown(wait=False, cancel_futures=True)
