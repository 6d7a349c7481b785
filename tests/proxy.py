"""A TCP proxy that tests put between two processes, to cut the connection, to freeze it half-open, and to heal it."""

import contextlib
import socket
import threading

CHUNK = 65536


class Proxy:
    """Listens on `port` of 127.0.0.1 and forwards to `target`, until told otherwise."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen()

    def cut(self) -> None:
        """Ends every connection, and refuses new ones until `heal`."""
        listener, self._listener = self._listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            for s in self._sockets:
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)
        self._flowing.set()  # wakes pumps that a freeze holds: they find their sockets shut
        for thread in list(self._threads):
            thread.join()
        self._threads.clear()

    def freeze(self) -> None:
        """Half-open: connections stay, new ones are accepted, and not one byte passes until `heal` or `cut`."""
        self._flowing.clear()

    def heal(self) -> None:
        """Forwards again, on the same port; what a freeze held back passes now."""
        self._flowing.set()
        if self._listener is None:
            self._listen()

    def close(self) -> None:
        """Cuts for good; no thread and no socket remains."""
        self.cut()

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
            self._start(self._pump, near, far, both)
            self._start(self._pump, far, near, both)

    def _pump(self, source: socket.socket, sink: socket.socket, both: threading.Barrier) -> None:
        with contextlib.suppress(OSError):
            while self._flowing.wait() and (data := source.recv(CHUNK)):
                self._flowing.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        if both.wait() == 0:  # the last of the two directions closes
            with self._lock:
                self._sockets -= {source, sink}
            source.close()
            sink.close()
