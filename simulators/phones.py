"""The telephones of the demonstration's people: a server that takes messages as ntfy does, writes each down, and shows
the newest. It is a provider on this machine; nothing leaves it."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

from pipeline.store.desk_rotas import ContactRow, apply_contacts

SHOWN = 100
IMAGINED = "https://phones.invalid"  # of a simulated past, in which every message arrives
LONGEST = 64 * 1024


@contextmanager
def served(file: Path) -> Iterator[str]:
    """The address of all telephones; each message becomes a line of `file`."""
    newest: deque[dict[str, Any]] = deque(maxlen=SHOWN)
    seen: set[tuple[str, str]] = set()
    lock = threading.Lock()

    class Phones(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), LONGEST)
            try:
                message = json.loads(self.rfile.read(size))
                topic, key = str(message["topic"]), str(message["sequence_id"])
            except (ValueError, KeyError, TypeError):
                self._say(400, b'{"code": 40000, "error": "no message"}', "application/json")
                return
            with lock:
                if (key, topic) not in seen:  # sent again by who never heard that it arrived
                    seen.add((key, topic))
                    newest.appendleft(message)
                    with file.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(message, ensure_ascii=False) + "\n")
            self._say(200, json.dumps({"id": key, "event": "message", "topic": topic}).encode(), "application/json")

        def do_GET(self) -> None:
            with lock:
                shown = [_words(message) for message in newest]
            text = "\n\n".join(shown) or "Nobody was told of anything yet."
            self._say(200, text.encode(), "text/plain; charset=utf-8")

        def _say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Phones)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="phones")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def give(conn: psycopg.Connection, park_id: str, url: str, *, now: datetime) -> int:
    """Gives everybody who works in a park a telephone; returns to how many."""
    logins = conn.execute(
        "select login from smartpark.person where park_id = %s and active and role not in ('tenant', 'wall')", [park_id]
    ).fetchall()
    rows = [ContactRow(person=login, channel="ntfy", address=f"{url}/{login}") for (login,) in logins]
    apply_contacts(conn, park_id, rows, now, "demo")
    conn.commit()
    return len(rows)


def arrive(conn: psycopg.Connection, *, now: datetime) -> None:
    """In a simulated past: what was to be sent by now was, and arrived."""
    conn.execute(
        "update smartpark.notification set state = 'accepted', attempts = 1, next = null, ended = %(now)s, link = null,"
        " provider_id = 'simulated' where state = 'pending' and next <= %(now)s and address like %(imagined)s",
        {"now": now, "imagined": f"{IMAGINED}/%"},
    )


def _words(message: dict[str, Any]) -> str:
    return "\n".join(
        str(part) for part in (f"→ {message['topic']}", message.get("title", ""), message.get("message", ""))
    )
