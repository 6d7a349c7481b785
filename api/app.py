"""Puts the API together: routes, problems, guard, and what lives as long as the app."""

import importlib.util
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from api import entrance, models, problems
from api.boards import Boards
from api.context import Context
from api.database import Database
from api.live import Hub
from api.measure import Measure
from api.readiness import Readiness
from api.routes import (
    PREFIX,
    alarm_acts,
    alarm_quality,
    alarms,
    audit,
    clocks,
    duty,
    events,
    evidence,
    intake,
    kpi,
    live,
    maintenance,
    operation,
    people,
    photos,
    readings,
    registry,
    requests,
    rooms,
    rules,
    session,
    surveys,
    work_orders,
)
from api.security import Guard, allowed_hosts, content_policy
from api.standing import Standing
from pipeline.domain.clock import Clock
from pipeline.settings import Settings
from pipeline.store import passes

PROBLEM = {"model": models.Problem, "description": "Problem details (RFC 9457)."}
ABOUT = "Times are ISO 8601 with an offset; answers are in UTC. Errors are RFC 9457 problem details."


def create_app(settings: Settings) -> FastAPI:
    """The app; it connects when it starts, and serves (with 503) even where the database is away."""
    url = settings.require("database_url")
    screens = importlib.util.find_spec("api.screens.pages")
    hashes: list[str] = []
    build = version("smartpark")
    pages: APIRouter | None = None
    if screens is not None:
        from api.screens.build import build_id
        from api.screens.pages import csp_hashes
        from api.screens.pages import router as pages

        hashes, build = csp_hashes(), build_id()
    database = Database(url)
    boards = Boards(database, settings.clock, build=build, notice=settings.notice, read_only=settings.api_read_only)
    standing = Standing(lambda sessions, tokens: held(database, sessions, tokens, settings.clock))
    hub = Hub(boards, listen_to=url, tell=standing.hear)
    readiness = Readiness()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database.open()
        await hub.start()
        standing.start()
        yield
        await standing.stop()
        await hub.stop()
        readiness.close()
        database.close()

    app = FastAPI(
        title="smartpark",
        version="1",
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere, which our policy forbids
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
    )
    app.state.context = Context(settings, settings.clock, database, boards, hub, build, readiness, standing)
    app.state.pages = {getattr(route, "path", "") for route in pages.routes} if pages is not None else set()
    problems.install(app)
    entrance.install(app)
    of_alarms = (alarms, alarm_acts, alarm_quality, maintenance, rules)
    of_service = (work_orders, evidence, kpi, duty, audit)
    of_people = (session, people)
    of_tenants = (requests, photos, rooms, surveys)
    for part in (registry, readings, events, intake, live, clocks, *of_service, *of_alarms, *of_tenants, *of_people):
        app.include_router(part.router, responses={"4XX": PROBLEM, "5XX": PROBLEM})
    app.include_router(operation.problems_router)
    app.include_router(operation.router, include_in_schema=False)
    if pages is not None:
        app.include_router(pages)
    app.add_middleware(Guard, hosts=allowed_hosts(settings), policy=content_policy(hashes))
    app.add_middleware(Measure)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def held(database: Database, sessions: Iterable[int], tokens: Iterable[int], clock: Clock) -> set[tuple[str, int]]:
    """Which of these sessions and tokens hold now."""
    with database.gate() as conn:
        return passes.holding(conn, sessions, tokens, now=clock.now())


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, made once: without FastAPI's own 422, which problems.py answers as 400."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
        for path in schema["paths"].values():
            for operation_ in path.values():
                operation_["responses"].pop("422", None)
                for status, answer in operation_["responses"].items():
                    if status in {"4XX", "5XX"}:
                        answer["content"] = {problems.MEDIA_TYPE: answer["content"].pop("application/json")}
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
