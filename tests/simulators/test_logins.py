"""The demo tells one login for each role, the same after a restart, and keeps the passwords to itself."""

from datetime import timedelta
from pathlib import Path

from pipeline.domain.role import Role
from pipeline.settings import SignIn
from pipeline.store import passes, people
from pipeline.store.database import connect
from pipeline.store.people import Profile
from simulators import logins
from tests.park import APPLIED_AT as NOW
from tests.park import apply_small_park

ROLES = [role for role in Role if role is not Role.WALL]


def test_one_login_for_each_role_and_the_wall_s_address(database: str, tmp_path: Path) -> None:
    with connect(database) as conn:
        apply_small_park(conn)
        for number, role in enumerate([*ROLES, Role.TECHNICIAN]):
            company = "acme" if role is Role.TENANT else None
            profile = Profile(login=f"p{number}", name=f"P {number}", role=role, company=company)
            people.put(conn, "small", profile, now=NOW, actor="test")
        made = logins.make(conn, "small", tmp_path, now=NOW)
        told = made.lines("http://127.0.0.1:8080", SignIn.REQUIRED)
        assert [line.split()[0] for line in told[1:-1]] == ROLES
        assert all(made.passwords[line.split()[1]] == line.split()[2] for line in told[1:-1])
        assert len(set(made.passwords.values())) == len(ROLES) + 1
        assert made.lines("", SignIn.LOCAL) == []
        wall = passes.principal_of(conn, told[-1].rpartition("=")[2], now=NOW, idle=timedelta(1))
        assert wall and wall.role is Role.WALL
        assert logins.make(conn, "small", tmp_path, now=NOW) == made == logins.read(tmp_path)
        assert (tmp_path / logins.FILE).stat().st_mode & 0o777 == 0o600
