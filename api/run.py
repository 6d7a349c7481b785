"""`park api`: serves the API and the screens until it is told to stop, then ends open streams and leaves at once."""

import argparse
import json
import logging
import signal
import socket
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.security import check_address
from pipeline.domain.errors import ConfigurationError, Unavailable
from pipeline.settings import Settings
from pipeline.store.database import connect
from pipeline.store.schema import check

log = logging.getLogger("park.api")

GRACE_S = 5
UNREAD_MS = 30_000
"""a client that takes nothing for that long is cut off by the kernel: a hung browser must not hold memory for ever"""


class Server(uvicorn.Server):
    """Uvicorn, which would wait for open streams for ever: they are ended when it is told to stop."""

    def __init__(self, app: FastAPI, *, log_level: str = "info") -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level=log_level,
                log_config=None,
                access_log=False,  # /metrics counts; paths may name devices, lines a second name nothing new
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=30,
                lifespan="on",
            )
        )
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        self._app.state.context.hub.close()
        super().handle_exit(sig, frame)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. ConfigurationError where it can't be had."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # inherited by what it accepts
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        listener.bind(address)
        listener.listen(256)
    except OSError as error:
        raise ConfigurationError(f"PARK_API_HOST={host}, PARK_API_PORT={port}: {error.strerror}") from error
    return listener


def main(argv: list[str]) -> int:
    """`park api`. Refuses an outdated schema; a database that is away is waited for, with 503 until it is there."""
    parser = argparse.ArgumentParser(prog="park api", description="Serve the API, the live stream and the screens.")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line, when stopped")
    args = parser.parse_args(argv)
    settings = Settings.from_env()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    check_address(settings)
    with suppress(Unavailable), connect(settings.require("database_url"), role="park_reader") as conn:
        check(conn)
    listener = bind(settings.api_host, settings.api_port)
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    server = Server(create_app(settings), log_level=settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises it again when it has stopped: we have, then
    log.info("serving %s", url)
    server.run(sockets=[listener])
    if args.json:
        print(json.dumps({"url": url, "stopped": True}))
    return 0 if server.started else 1
