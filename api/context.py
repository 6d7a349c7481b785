"""What every request handler needs, made once with the app."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.boards import Boards, sole_park
from api.database import Database, Reader
from api.live import Hub
from api.problems import ReadOnly
from api.readiness import Readiness
from api.security import allowed_hosts, check_write
from api.standing import Standing
from pipeline.domain.clock import Clock
from pipeline.domain.errors import NotFound
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The app's parts."""

    settings: Settings
    clock: Clock
    database: Database
    boards: Boards
    hub: Hub
    build: str
    readiness: Readiness
    standing: Standing

    def park(self, reader: Reader, park_id: str | None) -> str:
        """The park that is meant; one that only devices name counts too (they are provisional). Raises NotFound."""
        if park_id is None:
            return sole_park(reader)
        if not reader.one("park_known", park=park_id)["known"]:
            raise NotFound(f"park {park_id}")
        return park_id


async def context_of(request: Request) -> Context:  # async: else a thread is taken for it
    """The app's context."""
    context: Context = request.app.state.context
    return context


async def acting_context(request: Request) -> Context:
    """The app's context, for a request that changes something. Raises ReadOnly, CrossSite, NotJson."""
    context = await signing_context(request)
    if context.settings.api_read_only:
        raise ReadOnly
    return context


async def signing_context(request: Request) -> Context:
    """The same for who signs in or out, which a server that only shows does too. Raises CrossSite, NotJson."""
    context = await context_of(request)
    check_write(request.headers, allowed_hosts(context.settings), path=request.url.path)
    return context


Api = Annotated[Context, Depends(context_of)]
Signing = Annotated[Context, Depends(signing_context)]
Acting = Annotated[Context, Depends(acting_context)]
