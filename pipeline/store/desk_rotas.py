"""The sections `rotas` and `contacts` of the desk files: who is on duty when, and where messages to them go."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from pipeline.domain.errors import NotFound
from pipeline.domain.rota import ShiftPattern
from pipeline.store import rotas
from pipeline.store.desk_section import Applied, DeskFileError, Section

QUERIES = rotas.QUERIES
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
HHMM = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class NameRow(msgspec.Struct, forbid_unknown_fields=True):
    """A name in both languages."""

    zh: Text
    en: Text


class ShiftRow(msgspec.Struct, forbid_unknown_fields=True, rename={"begins": "from", "ends": "to"}):
    """People take turns; `""` among them: nobody on that turn."""

    people: Annotated[list[str], msgspec.Meta(min_length=1, max_length=64)]
    begins: HHMM
    ends: HHMM
    days: list[Day] = msgspec.field(default_factory=lambda: list(DAYS))  # type: ignore[arg-type]
    turn_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 1
    since: date = date(2026, 1, 1)
    level: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1


class RotaRow(msgspec.Struct, forbid_unknown_fields=True):
    """One rota. space: there and below; left out: the whole park."""

    id: Id
    name: NameRow
    skills: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9][a-z0-9-]*)$")]], msgspec.Meta(min_length=1)
    ]
    shifts: Annotated[list[ShiftRow], msgspec.Meta(min_length=1)]
    space: str | None = None


class ContactRow(msgspec.Struct, forbid_unknown_fields=True):
    """Where messages to a person go; several rows of a person are tried in their order."""

    person: Text
    channel: Literal["webhook", "ntfy", "email"]
    address: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


def apply_rotas(conn: psycopg.Connection, park_id: str, rows: Sequence[RotaRow], now: datetime, actor: str) -> Applied:
    """Makes the rotas those of the file. A pattern that changed is replaced from now on; what was worked stays."""
    if twice := {row.id for row in rows if sum(other.id == row.id for other in rows) > 1}:
        raise DeskFileError(f"[[rotas]]: there are two with the id {', '.join(sorted(twice))}")
    standing: dict[str, list[tuple[int, ShiftPattern]]] = {}
    for pattern, rota_id, spec, _ in conn.execute(QUERIES["patterns"], {"park": park_id}).fetchall():
        standing.setdefault(rota_id, []).append((pattern, rotas.read_pattern(spec)))
    added = changed = 0
    for row in rows:
        where = f"[[rotas]] {row.id}"
        _check(conn, park_id, row, where)
        values = {"park": park_id, "rota": row.id, "name_zh": row.name.zh, "name_en": row.name.en,
                  "skills": row.skills, "space": row.space}  # fmt: skip
        one = conn.execute(QUERIES["insert_rota"], values).fetchone()
        wanted = [pattern_of(shift) for shift in row.shifts]
        old = standing.pop(row.id, [])
        kept = [pattern for _, pattern in old if pattern in wanted]
        for number, pattern in old:
            if pattern not in wanted:
                rotas.retire(conn, number, now=now)
        new = [pattern for pattern in wanted if pattern not in kept]
        for pattern in new:
            spec = Jsonb(rotas.write_pattern(pattern))
            conn.execute(QUERIES["insert_pattern"], {"park": park_id, "rota": row.id, "spec": spec})
        added += bool(one and one[0])
        changed += bool(not (one and one[0]) and (one or new or len(kept) != len(old)))
    for patterns in standing.values():
        for number, _ in patterns:
            rotas.retire(conn, number, now=now)
    gone = conn.execute(QUERIES["retire_rotas"], {"park": park_id, "kept": [row.id for row in rows]}).rowcount
    rotas.fill(conn, park_id, now=now)
    return Applied(added, changed, gone)


def apply_contacts(
    conn: psycopg.Connection, park_id: str, rows: Sequence[ContactRow], now: datetime, actor: str
) -> Applied:
    """Makes the contacts those of the file, for everybody in the park."""
    for row in rows:
        check_address(row.channel, row.address, where=f"[[contacts]] of {row.person}")
    people = _people(conn, park_id, [row.person for row in rows], "[[contacts]]")
    before = {person for (person,) in conn.execute(QUERIES["people_with_contacts"], {"park": park_id}).fetchall()}
    had: dict[int, list[tuple[str, str]]] = {}
    everybody = list(before | set(people.values()))
    for person, _, channel, address in conn.execute(QUERIES["contacts_of"], {"people": everybody}).fetchall():
        had.setdefault(person, []).append((channel, address))
    wanted: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        wanted.setdefault(people[row.person], []).append((row.channel, row.address))
    differ = [person for person in everybody if wanted.get(person) != had.get(person)]
    conn.execute(QUERIES["delete_contacts"], {"people": differ})
    for person in differ:
        if person in wanted:
            channels, addresses = zip(*wanted[person], strict=True)
            values = {"person": person, "channels": list(channels), "addresses": list(addresses)}
            conn.execute(QUERIES["insert_contacts"], values)
    new = sum(person not in had for person in differ)
    gone = sum(person not in wanted for person in differ)
    return Applied(new, len(differ) - new - gone, gone)


def check_address(channel: str, address: str, *, where: str) -> None:
    """Webhook and ntfy: an http(s) URL without an account in it; e-mail: `mailto:` and one address. DeskFileError."""
    if any(character.isspace() or not character.isprintable() for character in address):
        raise DeskFileError(f"{where}: an address has no spaces and no control characters")
    if channel == "email":
        name, at, domain = address.removeprefix("mailto:").partition("@")
        if (
            not address.startswith("mailto:")
            or not (name and at and "." in domain)
            or set('?,;<>"@') & set(name + domain)
        ):
            raise DeskFileError(f"{where}: write mailto:somebody@example.com, not {address!r}")
        return
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or "@" in parts.netloc:
        raise DeskFileError(f"{where}: write an address such as https://host/path, without a password in it")
    if channel == "ntfy" and (parts.path.count("/") < 1 or not parts.path.strip("/") or parts.query):
        raise DeskFileError(f"{where}: the address of ntfy ends in its topic, as in https://ntfy.example/topic")


def _check(conn: psycopg.Connection, park_id: str, row: RotaRow, where: str) -> None:
    _people(conn, park_id, [login for shift in row.shifts for login in shift.people if login], where)
    if row.space is not None and not rotas.path(conn, park_id, row.space):
        raise DeskFileError(f"{where}: the park has no space {row.space}")


def _people(conn: psycopg.Connection, park_id: str, logins: Sequence[str], where: str) -> dict[str, int]:
    try:
        return dict(rotas.by_login(conn, park_id, logins))
    except NotFound as error:
        raise DeskFileError(f"{where}: {error.detail}") from error


def pattern_of(row: ShiftRow) -> ShiftPattern:
    """What a row of the file says, as the domain has it."""
    return ShiftPattern(
        people=tuple(login or None for login in row.people), begins=time.fromisoformat(row.begins),
        ends=time.fromisoformat(row.ends), since=row.since, days=frozenset(DAYS.index(day) for day in row.days),
        turn_days=row.turn_days, level=row.level,
    )  # fmt: skip


ROTAS = Section("rotas", RotaRow, apply_rotas)
CONTACTS = Section("contacts", ContactRow, apply_contacts)
