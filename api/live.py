"""The live hub: a snapshot for who comes, then what changed, to every open stream of a park; the one async module.

Tiles are computed in one worker thread, encoded once, kept in a ring so that a client resumes without a gap, and
offered to bounded queues. Heartbeats go on whatever the database does, and say whether it is there.
"""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import msgspec

from api import changed, metrics
from api.boards import Boards
from api.listener import Listener
from api.problems import Starting, TooManyStreams
from api.subscription import Subscription
from api.tiles.board import Board, Face
from pipeline.domain.errors import ParkError

log = logging.getLogger("park.api")

TICK_S = 1.0
IDLE_TICK_S = 5.0  # of a park that nobody watches, so that who comes is shown figures at once
IDLE_LIFE_S = 300.0  # after which it is left alone
GAP_S = 0.25  # notices bring a refresh forward, but never closer than this to the last
URGENT = frozenset({"alarm"})  # what these notices concern is sent before the other tiles are computed
HEARTBEAT_S = 5.0
OVERDUE_S = 4.0  # a refresh that takes longer counts as: the database is away
FIRST_WAIT_S = 10.0
RING = 1024
CLIENTS = 500
RETRY = b"retry: 2000\n\n"
_encode = msgspec.json.Encoder().encode


def encode(event: str, data: bytes, event_id: str | None = None) -> bytes:
    """One server-sent event; data is JSON on one line."""
    metrics.LIVE_EVENTS.labels(event).inc()
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {event}\ndata: ".encode() + data + b"\n\n"


@dataclass(slots=True)
class Channel:
    """One park's stream: its tiles, the last events by number, and who listens."""

    board: Board
    wanted: float  # monotonic: when somebody last asked for it
    key: str = field(default_factory=lambda: secrets.token_hex(4))  # ids of another process or channel are not ours
    number: int = 0
    faces: dict[str, Face] = field(default_factory=dict)
    ring: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=RING))
    clients: set[Subscription] = field(default_factory=set)
    due: float = 0.0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def event_id(self, number: int) -> str:
        return f"{self.key}-{number}"

    def publish(self, faces: dict[str, Face]) -> None:
        """Sends the tiles whose version moved on."""
        for name, face in faces.items():
            held = self.faces.get(name)
            self.faces[name] = face
            if self.ready.is_set() and (held is None or held.version != face.version):
                self.send("tile", face.event)
        self.ready.set()

    def send(self, event: str, data: bytes) -> None:
        """Queues a numbered event for everybody, and keeps it for who resumes; not before there is a snapshot."""
        if self.ready.is_set():
            self.number += 1
            chunk = encode(event, data, self.event_id(self.number))
            self.ring.append((self.number, chunk))
            self.offer(chunk)

    def offer(self, chunk: bytes) -> None:
        """Queues an encoded event for everybody; who is too far behind is closed."""
        for client in [c for c in self.clients if not c.offer(chunk)]:
            self.clients.discard(client)

    def since(self, last_id: str) -> list[bytes] | None:
        """The events after `last_id`; None where there is a gap, or the id is not of this channel."""
        key, _, text = last_id.partition("-")
        if key != self.key or not text.isascii() or not text.isdigit() or len(text) > 15:
            return None
        last = int(text)
        oldest = self.ring[0][0] if self.ring else self.number + 1
        if last > self.number or last < oldest - 1:
            return None
        return [chunk for number, chunk in self.ring if number > last]


class Hub:
    """`start` and `stop` it on the event loop that serves the streams."""

    def __init__(self, boards: Boards, *, listen_to: str, tell: Callable[[str], None] = lambda _: None) -> None:
        self.boards, self._tell = boards, tell
        self._channels: dict[str, Channel] = {}
        self._kinds: set[str] = set()
        self._stirred = asyncio.Event()
        self._changed = changed.Changed(self._send)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="park-tiles")
        self._listener = Listener(listen_to, self.hear)
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failed: str | None = None
        self._begun: float | None = None
        self._done = 0.0  # monotonic: when the last refresh ended
        self._announced_away = False
        self.closing = False

    async def start(self) -> None:
        """Begins to listen, to compute and to beat."""
        self._loop = asyncio.get_running_loop()
        self._listener.start()
        self._tasks = [asyncio.create_task(self._refresh_forever()), asyncio.create_task(self._beat())]

    def close(self) -> None:
        """Ends every stream and accepts no more, so that the server can shut down; from any thread or signal."""
        self.closing = True
        self._listener.stop()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._close_streams)

    async def stop(self) -> None:
        """Ends everything."""
        self.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._worker.shutdown(wait=False, cancel_futures=True)
        await asyncio.get_running_loop().run_in_executor(None, self._listener.join, 2.0)

    def hear(self, kind: str, number: str) -> None:
        """A notice of this kind came; from any thread."""
        self._tell(kind)
        if self._loop is not None and not self.closing:
            self._loop.call_soon_threadsafe(self._stir, kind, number)

    async def subscribe(self, park_id: str | None, last_id: str | None) -> Subscription:
        """A new client's queue: resumed where it left off, else begun with a snapshot.

        Raises NotFound, InvalidParameter, Unavailable, Starting, TooManyStreams.
        """
        if self.closing or sum(len(c.clients) for c in self._channels.values()) >= CLIENTS:
            raise TooManyStreams
        channel = await self._channel(park_id)
        missed = channel.since(last_id) if last_id else None
        metrics.LIVE_OPENED.labels("snapshot" if missed is None else "resumed").inc()
        if missed is None:
            missed = [encode("snapshot", self.snapshot(channel), channel.event_id(channel.number))]
        client = Subscription([RETRY, *missed, self._heartbeat()])
        if not channel.clients:  # until now it was idle
            channel.due = 0.0
            self._stirred.set()
        channel.clients.add(client)
        metrics.LIVE_CLIENTS.inc()
        return client

    def unsubscribe(self, client: Subscription) -> None:
        """Forgets a client whose stream has ended."""
        for channel in self._channels.values():
            channel.clients.discard(client)
        metrics.LIVE_CLIENTS.dec()
        metrics.LIVE_CLOSED.labels(client.why or "gone").inc()

    def snapshot(self, channel: Channel) -> bytes:
        """The data of a snapshot event: park time, build, all tiles as they were last computed."""
        return snapshot(self.boards, channel.faces)

    async def _channel(self, park_id: str | None) -> Channel:
        loop = asyncio.get_running_loop()
        chosen = await loop.run_in_executor(None, self.boards.choose, park_id)
        channel = self._channels.get(chosen)
        if channel is None:
            board = await loop.run_in_executor(None, self.boards.board, chosen)
            channel = self._channels.setdefault(chosen, Channel(board, time.monotonic()))
        channel.wanted = time.monotonic()
        if not channel.ready.is_set():
            channel.due = 0.0
            self._stirred.set()
            try:
                await asyncio.wait_for(channel.ready.wait(), FIRST_WAIT_S)
            except TimeoutError:
                raise Starting(self._failed or "the first figures take long") from None
        return channel

    async def _refresh_forever(self) -> None:
        while True:
            now = time.monotonic()
            due = min((c.due for c in self._channels.values()), default=now + TICK_S)
            try:
                await asyncio.wait_for(self._stirred.wait(), max(0.0, due - now))
                await asyncio.sleep(max(0.0, self._done + GAP_S - time.monotonic()))
            except TimeoutError:
                pass
            self._stirred.clear()
            kinds, self._kinds = frozenset(self._kinds), set()
            for chosen, channel in list(self._channels.items()):
                if (kinds and channel.clients) or time.monotonic() >= channel.due:
                    await self._refresh(channel, kinds)
                if not channel.clients and time.monotonic() - channel.wanted > IDLE_LIFE_S:
                    del self._channels[chosen]
            self._done = time.monotonic()

    async def _refresh(self, channel: Channel, kinds: frozenset[str]) -> None:
        loop = asyncio.get_running_loop()
        self._begun = time.monotonic()
        overdue = loop.call_later(OVERDUE_S + 0.05, self._announce)
        try:
            if kinds & URGENT and channel.ready.is_set():
                first = partial(self.boards.refresh, channel.board, kinds & URGENT, alone=True)
                channel.publish(await loop.run_in_executor(self._worker, first))
                kinds -= URGENT
            faces = await loop.run_in_executor(self._worker, self.boards.refresh, channel.board, kinds)
            self._failed = None
            channel.publish(faces)
        except ParkError as error:
            self._failed = str(error)
            self._kinds |= kinds  # not lost: due again when the database is back
        except Exception as error:
            # A tile that fails must not end the stream of the others: the page shows their age.
            log.exception("tiles of park %s", channel.board.park.park_id)
            self._failed = type(error).__name__
        finally:
            overdue.cancel()
        self._begun = None
        if channel.clients:
            channel.wanted = time.monotonic()
        channel.due = time.monotonic() + (TICK_S if channel.clients else IDLE_TICK_S)
        metrics.DATABASE_UP.set(not self._failed)
        self._announce()

    def _away(self) -> bool:
        overdue = self._begun is not None and time.monotonic() - self._begun > OVERDUE_S
        return self._failed is not None or overdue

    def _announce(self) -> None:
        """A heartbeat at once where the streams were last told otherwise."""
        if self._away() != self._announced_away:
            self._offer_heartbeat()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._offer_heartbeat()

    def _offer_heartbeat(self) -> None:
        self._announced_away = self._away()
        chunk = self._heartbeat()
        for channel in self._channels.values():
            channel.offer(chunk)

    def _heartbeat(self) -> bytes:
        state = "away" if self._away() else "ok"
        return encode("heartbeat", _encode({"now": self.boards.clock.now(), "database": state}))

    def _stir(self, kind: str, number: str) -> None:
        if kind in changed.KINDS:
            self._changed.add(kind, number)
            return
        if kind == "registry" and not number:
            self._changed.any()
        self._kinds.add(kind)
        self._stirred.set()

    def _send(self, event: str, data: bytes) -> None:
        for channel in self._channels.values():
            channel.send(event, data)

    def _close_streams(self) -> None:
        for channel in self._channels.values():
            for client in channel.clients:
                client.close("shutdown")
            channel.clients.clear()


def snapshot(boards: Boards, faces: dict[str, Face]) -> bytes:
    """{"now", "build", "tiles"} as JSON, from tiles that are JSON already."""
    tiles = b",".join(_encode(name) + b":" + face.json for name, face in faces.items())
    head = _encode({"now": boards.clock.now(), "build": boards.build})
    return head[:-1] + b',"tiles":{' + tiles + b"}}"
