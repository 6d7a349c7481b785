"""A real server on a free port, a client that asks it, and one that reads its live stream."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.run import Server, bind
from pipeline.domain.clock import Clock
from pipeline.settings import Settings

NOW = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)  # 14:40 in Beijing, a Saturday


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A running server."""

    app: FastAPI
    server: Server
    port: int
    thread: threading.Thread

    def get(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """One request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, path: str, body: Any, *, headers: dict[str, str] | None = None, method: str = "POST") -> Answer:
        """One request with a JSON body (bytes go as they are)."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def act(self, path: str, **body: Any) -> Any:
        """The JSON of an act that must be done."""
        answer = self.post(path, {"actor": "Li Ming", **body})
        assert answer.status == 200, answer.body
        return answer.json

    def ok(self, path: str) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.get(path)
        assert answer.status == 200, answer.body
        return answer.json

    def walk(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of all pages."""
        following: str | None = path
        while following:
            page = self.ok(following)
            yield from page["items"]
            following = page["next"]

    def stop(self) -> None:
        self.server.handle_exit(15, None)
        self.thread.join(20)
        assert not self.thread.is_alive()


@contextlib.contextmanager
def serving(url: str, *, now: datetime = NOW, **settings: Any) -> Iterator[Served]:
    """The app on a free port, its park time starting at `now`."""
    defaults = Settings.from_env({"PARK_DATABASE_URL": url, "PARK_API_SIGN_IN": "local"})
    values = {name: getattr(defaults, name) for name in Settings.__dataclass_fields__}
    app = create_app(Settings(**{**values, "clock": Clock(now, 1.0, datetime.now(UTC)), **settings}))
    listener = bind("127.0.0.1", 0)
    server = Server(app, log_level="warning")
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    served = Served(app, server, listener.getsockname()[1], thread)
    try:
        yield served
    finally:
        if thread.is_alive():
            served.stop()


@dataclass
class Stream:
    """An open live stream, read event by event."""

    socket: socket.socket
    lines: Iterator[bytes]
    last_id: str | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)

    def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of these kinds (all: any), as {"event", "id", "data"}. EOFError when the stream ends."""
        while True:
            event: dict[str, Any] = {"event": None, "id": None}
            for line in self.lines:
                text = line.decode().rstrip("\n")
                if not text:
                    break
                name, _, value = text.partition(": ")
                event[name] = value
            else:
                raise EOFError
            if event["event"] is None:
                continue
            event["data"] = json.loads(event["data"])
            self.last_id = event["id"] or self.last_id
            self.seen.append(event)
            if not kinds or event["event"] in kinds:
                return event

    def tile(self, name: str) -> dict[str, Any]:
        """The next tile of this name."""
        while (event := self.next("tile"))["data"]["name"] != name:
            pass
        data: dict[str, Any] = event["data"]
        return data

    def close(self) -> None:
        self.socket.close()


@contextlib.contextmanager
def streaming(
    served: Served, path: str = "/api/v1/live", *, last_id: str | None = None, headers: dict[str, str] | None = None
) -> Iterator[Stream]:
    """Opens the live stream (HTTP/1.0, so that the body comes as it is)."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        resume += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{resume}\r\n".encode())
        with connection.makefile("rb") as lines:
            status = lines.readline()
            assert b" 200 " in status, status + lines.read()
            while lines.readline().strip():
                pass
            yield Stream(connection, lines)
