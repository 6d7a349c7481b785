"""Signing in and out, who asks, and links that let one person do one thing once."""

from datetime import timedelta
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

import psycopg
from fastapi import APIRouter, Path, Request, Response

from api.auth import ANYBODY, NotSignedIn, Signed
from api.context import Acting, Api, Context, Signing
from api.database import GATE, OPERATOR, act_as
from api.entrance import drop_pass, home_of, keep_pass
from api.models import Name
from api.problems import TooManyAttempts, WrongPassword
from api.routes import PREFIX
from api.session_models import ChangingPassword, Ended, Session, SigningIn, TakingLink
from api.visiting import source_of
from pipeline.domain.errors import NotFound
from pipeline.domain.role import Principal
from pipeline.domain.work_order import OrderAction
from pipeline.settings import SignIn
from pipeline.store import links, passes, passwords, people, sessions, sign_ins, work_orders

router = APIRouter(prefix=PREFIX, tags=["session"])

LinkPath = Annotated[str, Path(min_length=10, max_length=passes.MOST_CHARACTERS)]


@router.post("/session")
def sign_in(api: Signing, request: Request, asked: SigningIn, response: Response) -> Session:
    """Signs in: sets the cookie `park_session`. Who guesses is answered 429, with Retry-After."""
    if api.settings.api_sign_in is SignIn.LOCAL:
        raise NotFound("sign-in: PARK_API_SIGN_IN=local, so whoever is on this machine may act")
    login, lasts = asked.login.strip().casefold(), timedelta(hours=api.settings.session_hours)
    with api.database.gate() as conn:
        attempt = sign_ins.begin(conn, login, source_of(request), now=api.clock.now())
        known = passes.one(conn, "secret_by_login", login=login)
    if isinstance(attempt, timedelta):
        raise TooManyAttempts(attempt)
    if not passwords.matches(known["password"] if known else None, asked.password) or known is None:
        raise WrongPassword
    now, agent = api.clock.now(), request.headers.get("user-agent", "")
    with api.database.gate() as conn:
        sign_ins.done(conn, attempt)
        opened = sessions.open_(conn, known["person"], known["login"], now=now, lasts=lasts, agent=agent)
        principal = passes.principal_of(conn, opened.value, now=now, idle=lasts)
    if principal is None:  # let go in this very moment
        raise WrongPassword
    keep_pass(response, api.settings, opened.value, seconds=lasts.total_seconds())
    return told(api, request, principal).model_copy(update={"expires": opened.expires})


@router.get("/session", dependencies=[ANYBODY])
def session(api: Api, request: Request, who: Signed) -> Session:
    """Who asks, as what, and what that may."""
    return told(api, request, who)


@router.delete("/session", dependencies=[ANYBODY])
def sign_out(api: Signing, who: Signed, response: Response) -> Ended:
    """Ends the session that asks. A token stays: `park token revoke` ends it; a browser that kept one forgets it."""
    ended = False
    if who.session is not None and who.person is not None:
        with api.database.gate() as conn:
            ended = sessions.close(conn, who.session, who.person, who.actor, now=api.clock.now(), actor=who.actor)
    drop_pass(response, api.settings)
    return Ended(sessions_ended=int(ended))


@router.post("/session/password", dependencies=[ANYBODY])
def change_password(api: Signing, request: Request, who: Signed, asked: ChangingPassword) -> Ended:
    """Another password for oneself; one's other sessions end."""
    if who.person is None:
        raise NotSignedIn("only a person has a password")
    with api.database.gate() as conn:
        attempt = sign_ins.begin(conn, who.actor, source_of(request), now=api.clock.now())
        known = passes.one(conn, "secret_by_login", login=who.actor)
    if isinstance(attempt, timedelta):
        raise TooManyAttempts(attempt)
    if not passwords.matches(known["password"] if known else None, asked.password):
        raise WrongPassword
    passwords.check(asked.new, who.actor)
    encoded = passwords.hashed(asked.new)
    with api.database.gate() as conn:
        sign_ins.done(conn, attempt)
        ended = people.set_password(conn, who.actor, encoded, now=api.clock.now(), actor=who.actor, but=who.session)
    return Ended(sessions_ended=ended)


@router.get("/links/{token}")
def look(api: Api, token: LinkPath) -> TakingLink:
    """What a link is for. Looking does nothing, however often: what follows links in mail looks too."""
    with api.database.gate() as conn:
        found = links.look(conn, token)
    return describe(api, found)


@router.post("/links/{token}")
def take(api: Acting, token: LinkPath) -> TakingLink:
    """Does it, once: the person it was sent to takes the order. The link is who they are."""
    now = api.clock.now()
    with api.database.gate() as conn:
        found = links.look(conn, token)
        if found is None or not links.use(conn, found, now=now):
            raise NotFound("a link that holds: it was used, or its time is over")
        act_as(conn, OPERATOR)
        accept(conn, found, api)
        act_as(conn, GATE)
        found = links.look(conn, token)
    return describe(api, found)


def accept(conn: psycopg.Connection, link: links.Link, api: Context) -> None:
    """The act that a link stands for, in the transaction that uses it up. Raises OrderRefused."""
    act = work_orders.OrderAct(
        order=link.work_order, action=OrderAction.ACCEPT, actor=link.login, person=link.person,
        client_id=uuid5(NAMESPACE_URL, f"smartpark/link/{link.link}"), detail={"link": link.link},
    )  # fmt: skip
    work_orders.act(conn, act, now=api.clock.now())


def describe(api: Context, link: links.Link | None) -> TakingLink:
    """A link and its order as they are now. Raises NotFound."""
    if link is None:
        raise NotFound("such a link")
    with api.database.read() as reader:
        order = reader.row("link_order", order=link.work_order)
    if order is None:
        raise NotFound(f"work order {link.work_order}")
    place = Name(zh=order["place_zh"], en=order["place_en"]) if order["place_zh"] else None
    return TakingLink(
        work_order=link.work_order, title=Name(zh=order["title_zh"], en=order["title_en"]), place=place,
        priority=order["priority"], state=order["state"], name=link.name, language=link.language,
        holds=link.holds(api.clock.now()), used=link.used, expires=link.expires, taken_by=order["assignee_name"],
    )  # fmt: skip


def told(api: Context, request: Request, who: Principal) -> Session:
    """The principal as JSON."""
    with api.database.read() as reader:
        known = {row["park_id"]: row["time_zone"] for row in reader.rows("park_list")}
    park = who.park_id or (next(iter(known)) if len(known) == 1 else None)
    return Session(
        actor=who.actor, name=who.name, role=who.role, permissions=sorted(who.permissions), language=who.language,
        company=who.company_id, park=park, time_zone=known.get(park or ""), signed_in=who.signed_in,
        home=home_of(request.app, who.role), expires=None,
    )  # fmt: skip
