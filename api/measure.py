"""Counts and times requests by route, so that /metrics has a bounded set of labels whatever clients ask for."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics

STREAM = "/api/v1/live"
OTHER = "other"


class Measure:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        begun = time.perf_counter()

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        finally:
            route = getattr(scope.get("route"), "path", OTHER)
            method = scope["method"] if scope["method"] in {"GET", "HEAD"} else OTHER
            metrics.REQUESTS.labels(method, route, status).inc()
            if route != STREAM:
                metrics.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - begun)
