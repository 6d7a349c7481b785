"""Who there is in the park, for whoever assigns work; and for administrators: people, their sessions, and tokens."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api import session_models as models
from api.alarm_models import NumberPath
from api.auth import Forbidden, Signed, named, needs
from api.context import Acting, Api, Context
from api.models import Page
from api.parameters import OfPark, OfParkQuery
from api.routes import PREFIX
from pipeline.domain.role import Permission, Principal, Role
from pipeline.store import passwords, people, sessions, tokens

router = APIRouter(prefix=PREFIX, tags=["people"])

WRITES = [needs(Permission.PEOPLE_WRITE)]
READS = [needs(Permission.ORDER_READ, Permission.PEOPLE_WRITE)]


class OfPeople(OfPark):
    role: Role | None = None
    skill: str | None = None
    inactive: bool = False


@router.get("/people", dependencies=READS)
def people_list(api: Api, who: Signed, asked: Annotated[OfPeople, Query()]) -> Page[models.Person]:
    """People by role and login, with technicians' skills and places."""
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park or who.park_id)
        filters = asked.model_dump(include={"role", "skill", "inactive"})
        found = reader.rows("people_list", prepare=False, park=park_id, login=None, **filters)
    return Page(items=[models.Person(**row) for row in found], next=None)


@router.put("/people/{login}", dependencies=WRITES)
def put(api: Acting, who: Signed, login: models.LoginPath, asked: models.Profile) -> models.Person:
    """Makes a person, or changes what is said of one; who was let go is let in again."""
    if login == who.actor and asked.role is not who.role:
        raise Forbidden("nobody takes their own role away: another administrator does")
    park_id = of_park(api, who, asked.park)
    profile = people.Profile(login=login, **asked.model_dump(exclude={"park", "skills", "spaces"}),
                             skills=tuple(asked.skills), spaces=tuple(asked.spaces))  # fmt: skip
    with api.database.gate() as conn:
        people.put(conn, park_id, profile, now=api.clock.now(), actor=named(who, who.actor))
    return one(api, park_id, login)


@router.post("/people/{login}/deactivate", dependencies=WRITES)
def deactivate(api: Acting, who: Signed, login: models.LoginPath) -> models.Person:
    """Lets somebody in no more: sessions end, links are dead, what they did stays."""
    if login == who.actor:
        raise Forbidden("nobody lets themselves go: another administrator does")
    with api.database.gate() as conn:
        mine(who, people.find(conn, login))
        people.deactivate(conn, login, now=api.clock.now(), actor=who.actor)
    return one(api, None, login)


@router.post("/people/{login}/password", dependencies=WRITES)
def password(api: Acting, who: Signed, login: models.LoginPath, asked: models.SettingPassword) -> models.Ended:
    """A new password for somebody; their sessions end."""
    passwords.check(asked.password, login)
    encoded = passwords.hashed(asked.password)
    with api.database.gate() as conn:
        mine(who, people.find(conn, login))
        ended = people.set_password(conn, login, encoded, now=api.clock.now(), actor=who.actor)
    return models.Ended(sessions_ended=ended)


@router.get("/people/{login}/sessions", dependencies=WRITES)
def held(api: Api, who: Signed, login: models.LoginPath) -> Page[models.PersonSession]:
    """Somebody's sessions that hold, the newest first."""
    with api.database.gate() as conn:
        person = mine(who, people.find(conn, login))["person"]
        idle = timedelta(hours=api.settings.session_idle_hours)
        found = sessions.listed(conn, person, now=api.clock.now(), idle=idle)
    return Page(items=[models.PersonSession(**row) for row in found], next=None)


@router.delete("/people/{login}/sessions", dependencies=WRITES)
def end_all(api: Acting, who: Signed, login: models.LoginPath) -> models.Ended:
    """Ends all of somebody's sessions."""
    with api.database.gate() as conn:
        person = mine(who, people.find(conn, login))["person"]
        ended = sessions.revoke_all(conn, person, login, now=api.clock.now(), actor=who.actor)
    return models.Ended(sessions_ended=ended)


@router.get("/tokens", dependencies=WRITES)
def token_list(api: Api, who: Signed, asked: OfParkQuery) -> Page[models.Token]:
    """Tokens that were not revoked, by name; their values were told once."""
    park_id = of_park(api, who, asked.park)
    with api.database.gate() as conn:
        found = tokens.listed(conn, park_id)
    return Page(items=[models.Token(**row, company=row["company_id"]) for row in found], next=None)


@router.post("/tokens", dependencies=WRITES)
def make_token(api: Acting, who: Signed, asked: models.MakingToken) -> models.MadeToken:
    """A new token for a program or a wall screen."""
    park_id = of_park(api, who, asked.park)
    with api.database.gate() as conn:
        made = tokens.add(
            conn, park_id, asked.name, role=asked.role, scopes=asked.scopes, company=asked.company,
            expires=asked.expires, now=api.clock.now(), actor=who.actor,
        )  # fmt: skip
    return models.MadeToken(token=made.token, value=made.value)


@router.delete("/tokens/{token}", dependencies=WRITES)
def revoke(api: Acting, who: Signed, token: NumberPath) -> models.Ended:
    """Ends a token; what it kept open is closed."""
    park_id = of_park(api, who, None)
    with api.database.gate() as conn:
        tokens.revoke(conn, park_id, token, now=api.clock.now(), actor=who.actor)
    return models.Ended(sessions_ended=0)


def of_park(api: Context, who: Principal, asked: str | None) -> str:
    """The park that is meant: theirs, where they are of one. Raises NotFound, Forbidden."""
    if who.park_id is not None and asked not in (None, who.park_id):
        raise Forbidden(f"you are of the park {who.park_id}")
    with api.database.read() as reader:
        return api.park(reader, asked or who.park_id)


def mine(who: Principal, row: dict[str, Any]) -> dict[str, Any]:
    """The person, where they are of a park that is this administrator's too. Raises Forbidden."""
    if who.park_id not in (None, row["park_id"]):
        raise Forbidden(f"{row['login']} is of another park")
    return row


def one(api: Context, park_id: str | None, login: str) -> models.Person:
    """A person as they are now."""
    with api.database.read() as reader:
        (row,) = reader.rows(
            "people_list", prepare=False, park=park_id, login=login, role=None, skill=None, inactive=True
        )
    return models.Person(**row)
