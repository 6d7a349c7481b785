"""People of the park: who there is, as what, with which skills and where; made, changed and let go, each in the audit
log with what was and what became."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import psycopg

from pipeline.domain.errors import NotFound, ParkError
from pipeline.domain.role import Role
from pipeline.store import audit, sessions
from pipeline.store.passes import QUERIES, Row, one, rows

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
RESERVED = frozenset({"system", "local", "visitor", "staff"})  # what journals call who is no person
SKILL = re.compile(r"[a-z][a-z0-9-]{1,39}")
NAME_LENGTH = 80


class PersonRefused(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 409
    """a person cannot be kept like that"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is said of a person. company: whose staff a tenant is; contractor: whose a technician is, None: the park's.
    Without spaces a technician works everywhere."""

    login: str
    name: str
    role: Role
    language: str = "zh"
    company: str | None = None
    contractor: str | None = None
    skills: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()

    @staticmethod
    def of(row: Row) -> "Profile":
        """What a row of person_by_login says."""
        return Profile(
            login=row["login"], name=row["name"], role=Role(row["role"]), language=row["language"],
            company=row["company_id"], contractor=row["contractor_id"], skills=tuple(row["skills"]),
            spaces=tuple(row["spaces"]),
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """What is said, without what is not."""
        return {key: value for key, value in asdict(self).items() if value not in (None, ())}


def check(profile: Profile) -> None:
    """What a profile must be, whatever the park has. Raises PersonRefused."""
    wrong = [
        (not LOGIN.fullmatch(profile.login) or profile.login in RESERVED,
         "a login has 2 to 40 of a-z, 0-9, . _ -, begins with a letter or digit, and is no "
         + " or ".join(sorted(RESERVED))),
        (not profile.name.strip() or not profile.name.isprintable() or len(profile.name) > NAME_LENGTH,
         f"a name has 1 to {NAME_LENGTH} characters that can be seen"),
        ((profile.role is Role.TENANT) != (profile.company is not None), "tenants, and nobody else, have a company"),
        (profile.contractor is not None and profile.role is not Role.TECHNICIAN, "only technicians have a contractor"),
        (bool(profile.skills or profile.spaces) and profile.role is not Role.TECHNICIAN,
         "only technicians have skills and spaces"),
        (any(not SKILL.fullmatch(skill) for skill in profile.skills), "a skill is a word of a-z, 0-9 and -"),
        (profile.language not in ("zh", "en"), "a language is zh or en"),
    ]  # fmt: skip
    for is_wrong, why in wrong:
        if is_wrong:
            raise PersonRefused(f"{profile.login}: {why}")


def put(
    conn: psycopg.Connection, park_id: str, profile: Profile, *, now: datetime, actor: str, from_file: bool = False
) -> str:
    """Makes or changes a person, in the caller's transaction: `added`, `changed` or `same`. Raises PersonRefused."""
    check(profile)
    profile = _in_order(profile)
    conn.execute(QUERIES["lock_login"], {"login": profile.login})
    _check_references(conn, park_id, profile)
    values = {**asdict(profile), "park_id": park_id, "from_file": from_file, "now": now}
    before = one(conn, "person_by_login", login=profile.login)
    if before is None:
        row = conn.execute(QUERIES["add_person"], values).fetchone()
        assert row is not None  # noqa: S101 - insert … returning
        person, was, how = int(row[0]), None, "added"
    else:
        if before["park_id"] != park_id:
            raise PersonRefused(f"{profile.login} is somebody of another park here; take another login")
        was = Profile.of(before).plain() | ({} if before["active"] else {"active": False})
        if was == profile.plain() and before["from_file"] == from_file:
            return "same"
        person, how = before["person"], "changed"
        conn.execute(QUERIES["change_person"], {**values, "person": person})
        if before["company_id"] != profile.company or before["role"] != profile.role:
            sessions.close_all(conn, person, now=now)  # what is open on a screen was another's to see
    for part in ("skills", "spaces"):
        conn.execute(QUERIES[f"drop_{part}"], {"person": person})
        conn.execute(QUERIES[f"add_{part}"], {"person": person, part: list(getattr(profile, part))})
    _record(conn, profile.login, "person-" + ("add" if was is None else "change"), now, actor, was, profile.plain())
    return how


def deactivate(conn: psycopg.Connection, login: str, *, now: datetime, actor: str) -> bool:
    """Lets somebody in no more: sessions end, links are dead. False where that is so already. Raises NotFound."""
    row = find(conn, login)
    if not row["active"]:
        return False
    conn.execute(QUERIES["set_active"], {"person": row["person"], "active": False})
    ended = sessions.close_all(conn, row["person"], now=now)
    _record(conn, login, "person-deactivate", now, actor, {"active": True}, {"active": False, "sessions_ended": ended})
    return True


def set_password(
    conn: psycopg.Connection, login: str, encoded: str, *, now: datetime, actor: str, but: int | None = None
) -> int:
    """Keeps a hash (passwords.hashed); the person's sessions end, but the one that asked. How many. Raises NotFound."""
    row = find(conn, login)
    conn.execute(QUERIES["put_secret"], {"person": row["person"], "password": encoded, "now": now})
    ended = sessions.close_all(conn, row["person"], now=now, but=but)
    _record(conn, login, "password-set", now, actor, None, {"sessions_ended": ended})
    return ended


def find(conn: psycopg.Connection, login: str) -> Row:
    """One person. Raises NotFound."""
    row = one(conn, "person_by_login", login=login)
    if row is None:
        raise NotFound(f"person {login}")
    return row


def listed(conn: psycopg.Connection, park_id: str, *, inactive: bool = False) -> list[Row]:
    """A park's people, by role and login."""
    return rows(conn, "person_list", park=park_id, all=inactive)


def _in_order(profile: Profile) -> Profile:
    return replace(profile, skills=tuple(sorted(set(profile.skills))), spaces=tuple(sorted(set(profile.spaces))))


def _check_references(conn: psycopg.Connection, park_id: str, profile: Profile) -> None:
    found = one(conn, "person_references", **asdict(profile), park_id=park_id) or {}
    for name in ("company", "contractor"):
        if not found[name]:
            raise PersonRefused(f"{profile.login}: the park has no {name} {getattr(profile, name)}")
    known = {row["space_id"] for row in rows(conn, "spaces_known", park_id=park_id, spaces=list(profile.spaces))}
    if missing := sorted(set(profile.spaces) - known):
        raise PersonRefused(f"{profile.login}: the park has no space {missing[0]}")


def _record(
    conn: psycopg.Connection, login: str, action: str, now: datetime, actor: str, was: Mapping[str, Any] | None,
    became: Mapping[str, Any],
) -> None:  # fmt: skip
    named = {side.get("name") for side in (was, became) if side is not None}
    detail: dict[str, Any] = {"was": _nameless(was), "became": _nameless(became)}
    if was is not None and len(named) > 1:
        detail["renamed"] = True
    audit.record(conn, now=now, action=action, subject=f"person/{login}", actor=actor, detail=detail)


def _nameless(side: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is said of a person, without their name: what can only be added to cannot forget one."""
    return None if side is None else {key: value for key, value in side.items() if key != "name"}
