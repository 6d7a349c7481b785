"""A TCP proxy to put between two processes: cuts their connections, freezes them half-open, slows them, and heals."""

import contextlib
import socket
import struct
import threading
from typing import Literal

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST
Way = Literal["both", "there", "back"]


class Proxy:
    """Listens on `port` of 127.0.0.1 and forwards to `target`, until told otherwise. `there` is from who connects to
    the target, `back` the other way."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._flowing = {"there": threading.Event(), "back": threading.Event()}
        self._delay_s = 0.0
        self._ended = threading.Event()  # wakes pumps that are slow
        self._resetting = False
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.heal()

    def cut(self, *, reset: bool = False) -> None:
        """Ends every connection, by RST where asked to, and refuses new ones until `heal`."""
        listener, self._listener = self._listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._resetting = reset
        with self._lock:
            for s in self._sockets:
                with contextlib.suppress(OSError):
                    if reset:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    s.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        self._ended.set()
        self._flow()  # wakes pumps that a freeze holds: they find their sockets shut
        for thread in list(self._threads):
            thread.join()
        self._threads.clear()

    def freeze(self, way: Way = "both") -> None:
        """Half-open: connections stay, new ones are accepted, and not one byte passes until `heal` or `cut`."""
        for name, flowing in self._flowing.items():
            if way in ("both", name):
                flowing.clear()

    def slow(self, delay_s: float) -> None:
        """Everything that passes waits so long first; no more than 64 KiB pass at once."""
        self._delay_s = delay_s

    def heal(self) -> None:
        """Forwards again, at once, on the same port; what a freeze held back passes now."""
        self._delay_s = 0.0
        self._flow()
        if self._listener is None:
            self._ended.clear()
            self._resetting = False
            self._listen()

    def close(self) -> None:
        """Cuts for good; no thread and no socket remains."""
        self.cut()

    def _flow(self) -> None:
        for flowing in self._flowing.values():
            flowing.set()

    def _listen(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def _start(self, run: object, *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.add(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            with self._lock:
                if self._listener is not listener:  # cut while we were dialling
                    near.close()
                    far.close()
                    return
                self._sockets |= {near, far}
            both = threading.Barrier(2)
            self._start(self._pump, near, far, both, self._flowing["there"])
            self._start(self._pump, far, near, both, self._flowing["back"])

    def _pump(
        self, source: socket.socket, sink: socket.socket, both: threading.Barrier, flowing: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while flowing.wait() and (data := source.recv(CHUNK)):
                if self._delay_s:
                    self._ended.wait(self._delay_s)
                flowing.wait()
                if self._ended.is_set():
                    break  # what was held back is lost with the connection
                sink.sendall(data)
        if not self._resetting:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
        if both.wait() == 0:  # the last of the two directions closes
            with self._lock:
                self._sockets -= {source, sink}
            source.close()
            sink.close()
