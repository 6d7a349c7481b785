"""The demo's logins: passwords made once and kept in its private home, one for everybody in its park, and a wall's."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from pipeline.domain.role import Role
from pipeline.settings import SignIn
from pipeline.store import passes, passwords, people, tokens
from pipeline.store.people import Profile

FILE = "logins.json"
WALL = "demo wall"
NOBODY_YET = Profile(login="admin", name="Administrator", role=Role.ADMINISTRATOR)


@dataclass
class Logins:
    """Passwords by login, the wall's token, and who stands for each role."""

    passwords: dict[str, str] = field(default_factory=dict)
    wall: str = ""
    of_role: dict[str, str] = field(default_factory=dict)

    @property
    def real(self) -> frozenset[str]:
        """Logins for who looks at the demo: nobody plays them."""
        return frozenset(self.of_role.values())

    def lines(self, url: str, sign_in: SignIn) -> list[str]:
        """What the demo tells: one login for each role, and the wall's address; nothing where nobody signs in."""
        if sign_in is SignIn.LOCAL:
            return []
        told = [f"  {role:14} {login:12} {self.passwords[login]}" for role, login in self.of_role.items()]
        return [f"Sign in at {url}/sign-in as", *told, f"Wall: {url}/?token={self.wall}"]


def read(home: Path) -> Logins | None:
    """What a demo kept in its home; None where none was."""
    file = home / FILE
    return Logins(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def make(conn: psycopg.Connection, park_id: str, home: Path, *, now: datetime) -> Logins:
    """Gives everybody in the park who has none a password, and the wall a token; keeps them (mode 600). Commits."""
    found = read(home) or Logins()
    everybody = people.listed(conn, park_id)
    if not everybody:
        people.put(conn, park_id, NOBODY_YET, now=now, actor="demo")
        everybody = people.listed(conn, park_id)
    for row in everybody:
        login = row["login"]
        if row["has_password"] and login in found.passwords:
            continue
        found.passwords.setdefault(login, secrets.token_urlsafe(9))
        people.set_password(conn, login, passwords.hashed(found.passwords[login]), now=now, actor="demo")
    first = sorted(everybody, key=lambda row: int(row["person"]), reverse=True)
    by_role: dict[str, str] = {row["role"]: row["login"] for row in first}
    found.of_role = {role: by_role[role] for role in Role if role in by_role}
    if not found.wall or passes.principal_of(conn, found.wall, now=now, idle=timedelta(1)) is None:
        for row in tokens.listed(conn, park_id):
            if row["name"] == WALL:
                tokens.revoke(conn, park_id, row["token"], now=now, actor="demo")
        found.wall = tokens.add(conn, park_id, WALL, role=Role.WALL, now=now, actor="demo").value
    conn.commit()
    _keep(home / FILE, {"passwords": found.passwords, "wall": found.wall, "of_role": found.of_role})
    return found


def _keep(file: Path, content: dict[str, Any]) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
