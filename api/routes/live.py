"""The overview, once or for as long as somebody watches."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from api import models
from api.auth import Signed, needs
from api.context import Api
from api.live import snapshot
from api.parameters import OfPark, OfParkQuery
from api.routes import PREFIX
from api.subscription import EventStream, Subscription
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["live"], dependencies=[needs(Permission.PARK_READ)])


class OfLive(OfPark):
    last_event_id: Annotated[str, Field(max_length=64, description="As the header Last-Event-ID.")] | None = None


@router.get("/overview", response_model=None, responses={200: {"model": models.Overview}})
def overview(api: Api, asked: OfParkQuery) -> Response:
    """All tiles of the command centre: what a snapshot event of the live stream carries."""
    board = api.boards.board(api.boards.choose(asked.park))
    return Response(snapshot(api.boards, api.boards.refresh(board)), media_type="application/json")


@router.get(
    "/live",
    response_model=None,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events snapshot, tile and heartbeat."}},
)
async def live(
    api: Api, who: Signed, asked: Annotated[OfLive, Query()], last_event_id: Annotated[str | None, Header()] = None
) -> EventStream:
    """A snapshot, then each tile as it changes; a heartbeat every 5 s. Resumes without a gap after Last-Event-ID.

    It ends when the session or token ends that opened it."""
    client = await api.hub.subscribe(asked.park, last_event_id or asked.last_event_id)
    api.standing.add(client, who)

    def done(client: Subscription) -> None:
        api.standing.forget(client)
        api.hub.unsubscribe(client)

    return EventStream(client, done)
