"""A park with somebody of every role, each signed in, and tokens: who stands at the doors of the API."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.auth import COOKIE
from pipeline.domain.role import PERMISSIONS, Permission, Role
from pipeline.settings import SignIn
from pipeline.store import passwords, people, sessions, tokens
from pipeline.store.database import connect
from pipeline.store.people import Profile
from tests.api.serving import NOW, Served, serving

PASSWORD = "six words that nobody guesses"
LOGINS = {
    Role.TECHNICIAN: "tech", Role.OPERATOR: "oper", Role.MANAGER: "mana", Role.TENANT: "tena",
    Role.ADMINISTRATOR: "admi",
}  # fmt: skip


@dataclass
class Signed:
    """The API with sign-in, and what each shows at its door: header name and value; None: nothing."""

    api: Served
    shows: dict[str, dict[str, str]]
    may: dict[str, frozenset[Permission]]

    def get(self, who: str, path: str) -> Any:
        return self.api.get(path, headers=self.shows[who])

    def post(self, who: str, path: str, body: Any, *, method: str = "POST", **headers: str) -> Any:
        return self.api.post(path, body, headers={**self.shows[who], **headers}, method=method)


def cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"lang=zh; {COOKIE}={value}"}


@contextlib.contextmanager
def signed(url: str, **settings: Any) -> Iterator[Signed]:
    """Somebody of each role (by its name), the walls' token, `scopeless`, a token for one other thing, and `nobody`."""
    shows: dict[str, dict[str, str]] = {"nobody": {}}
    may: dict[str, frozenset[Permission]] = {"nobody": frozenset()}
    with connect(url) as conn:
        encoded = passwords.hashed(PASSWORD)
        for role, login in LOGINS.items():
            company = "acme" if role is Role.TENANT else None
            profile = Profile(login=login, name=login.title(), role=role, company=company)
            people.put(conn, "small", profile, now=NOW, actor="test")
            people.set_password(conn, login, encoded, now=NOW, actor="test")
            person = people.find(conn, login)["person"]
            opened = sessions.open_(conn, person, login, now=NOW, lasts=timedelta(days=9))
            shows[role], may[role] = cookie(opened.value), PERMISSIONS[role]
        for name, role, scopes in (
            ("wall", Role.WALL, None), ("scopeless", Role.OPERATOR, [Permission.KPI_READ]),
        ):  # fmt: skip
            made = tokens.add(conn, "small", name, role=role, scopes=scopes, now=NOW, actor="test")
            shows[name] = {"Authorization": f"Bearer {made.value}"}
            may[name] = PERMISSIONS[role] if scopes is None else frozenset(scopes)
    with serving(url, api_sign_in=SignIn.REQUIRED, **settings) as api:
        yield Signed(api, shows, may)
