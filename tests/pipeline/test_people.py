"""People, passwords, sessions, tokens and links: what is kept, what is not, and what ends what."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

import park
from pipeline import parkfile
from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.domain.role import PERMISSIONS, Permission, Role
from pipeline.domain.sign_in import FREE_LOGIN, LONGEST, wait
from pipeline.store import desk, links, parks, passes, passwords, people, sessions, sign_ins, tokens
from pipeline.store.database import connect
from pipeline.store.desk_section import DeskFileError
from pipeline.store.people import PersonRefused, Profile
from tests.conftest import REPO
from tests.park import apply_small_park

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
IDLE = 24 * HOUR


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        apply_small_park(found)
        found.execute("set role park_gate")  # what the API may; the commands may more
        yield found


def add(conn: psycopg.Connection, login: str, role: Role = Role.OPERATOR, **more: Any) -> int:
    """A person's number."""
    people.put(conn, "small", Profile(login=login, name=login.title(), role=role, **more), now=NOW, actor="test")
    return int(people.find(conn, login)["person"])


def audited(conn: psycopg.Connection) -> list[tuple[str, str, str]]:
    conn.execute("reset role")
    found = conn.execute(
        "select actor, action, subject from smartpark.audit_log where action ~ 'person|password|session|sign|token'"
        " order by entry"
    ).fetchall()
    conn.execute("set role park_gate")
    return found


def test_people_are_made_changed_and_let_go(conn: psycopg.Connection) -> None:
    tech = Profile(login="li.ming", name="李明", role=Role.TECHNICIAN, skills=("hvac", "lift", "hvac"), spaces=("b1",))
    assert people.put(conn, "small", tech, now=NOW, actor="anna") == "added"
    assert people.put(conn, "small", tech, now=NOW, actor="anna") == "same"
    row = people.find(conn, "li.ming")
    assert (row["skills"], row["spaces"], row["active"]) == (["hvac", "lift"], ["b1"], True)
    opened = sessions.open_(conn, row["person"], "li.ming", now=NOW, lasts=HOUR)
    changed = Profile(login="li.ming", name="李明", role=Role.OPERATOR)
    assert people.put(conn, "small", changed, now=NOW, actor="anna") == "changed"
    assert passes.principal_of(conn, opened.value, now=NOW, idle=IDLE) is None, (
        "its screens showed what another may see"
    )
    assert people.deactivate(conn, "li.ming", now=NOW, actor="anna")
    assert not people.deactivate(conn, "li.ming", now=NOW, actor="anna")
    assert people.listed(conn, "small") == []
    assert [row["login"] for row in people.listed(conn, "small", inactive=True)] == ["li.ming"]
    assert people.put(conn, "small", changed, now=NOW, actor="anna") == "changed", "and they may come back"
    with pytest.raises(NotFound):
        people.deactivate(conn, "nobody", now=NOW, actor="anna")
    assert [(who, action) for who, action, _ in audited(conn)] == [
        ("anna", "person-add"), ("li.ming", "sign-in"), ("anna", "person-change"), ("anna", "person-deactivate"),
        ("anna", "person-change"),
    ]  # fmt: skip
    conn.execute("reset role")
    kept = str(conn.execute("select detail from smartpark.audit_log").fetchall())
    assert "'was': {'role': 'technician'" in kept and "李明" not in kept, "what changed, and nobody's name"


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"login": "Li"}, "login"), ({"login": "system"}, "login"), ({"login": "visitor"}, "login"),
    ({"login": "a"}, "login"), ({"name": " "}, "name"),
    ({"name": "a\nb"}, "name"), ({"role": Role.TENANT}, "company"), ({"company": "acme"}, "company"),
    ({"contractor": "x"}, "contractor"), ({"skills": ("lift",)}, "skills"), ({"language": "fr"}, "language"),
    ({"role": Role.TECHNICIAN, "skills": ("Lift!",)}, "skill"),
    ({"role": Role.TECHNICIAN, "spaces": ("nowhere",)}, "no space nowhere"),
    ({"role": Role.TECHNICIAN, "contractor": "x"}, "no contractor x"),
    ({"role": Role.TENANT, "company": "nobody"}, "no company nobody"),
]  # fmt: skip


def test_what_makes_no_sense_is_refused(conn: psycopg.Connection) -> None:
    for profile, why in NONSENSE:
        whole: dict[str, Any] = {"login": "li", "name": "Li", "role": Role.OPERATOR, **profile}
        with pytest.raises(PersonRefused, match=why):
            people.put(conn, "small", Profile(**whole), now=NOW, actor="test")


def test_a_password_is_kept_as_argon2id_and_ends_the_sessions_before_it(conn: psycopg.Connection) -> None:
    person = add(conn, "wang.fang")
    encoded = passwords.hashed("quite a long one")
    assert encoded.startswith("$argon2id$")
    assert passwords.matches(encoded, "quite a long one")
    assert not passwords.matches(encoded, "quite a long two")
    assert not passwords.matches(None, "nobody has this password")
    mine = sessions.open_(conn, person, "wang.fang", now=NOW, lasts=HOUR)
    other = sessions.open_(conn, person, "wang.fang", now=NOW, lasts=HOUR)
    assert people.set_password(conn, "wang.fang", encoded, now=NOW, actor="wang.fang", but=mine.session) == 1
    assert passes.principal_of(conn, mine.value, now=NOW, idle=IDLE)
    assert passes.principal_of(conn, other.value, now=NOW, idle=IDLE) is None
    for poor in ("short", "wang.fang1234", "aaaaaaaaaaaaaa", "x" * 201):
        with pytest.raises(passwords.PasswordRefused):
            passwords.check(poor, "wang.fang")
    passwords.check("six words are not too many", "wang.fang")
    conn.execute("reset role")
    dump = "".join(str(row) for row in conn.execute("select detail from smartpark.audit_log"))
    assert "argon2" not in dump
    assert mine.value not in dump


def test_a_session_ends_by_itself_when_idle_and_in_any_case(conn: psycopg.Connection) -> None:
    person = add(conn, "li")
    opened = sessions.open_(conn, person, "li", now=NOW, lasts=10 * HOUR, agent="Phone " * 100)

    def who(at: datetime, value: str = opened.value) -> Any:
        return passes.principal_of(conn, value, now=at, idle=4 * HOUR)

    found = who(NOW)
    assert (found.actor, found.role, found.person, found.park_id) == ("li", Role.OPERATOR, person, "small")
    assert (found.permissions, found.signed_in) == (PERMISSIONS[Role.OPERATOR], True)
    assert who(NOW + 3 * HOUR) and who(NOW + 6 * HOUR), "each use counts"
    assert who(NOW + 11 * HOUR) is None
    assert who(NOW + 6 * HOUR + 30 * MINUTE)
    assert who(NOW + 10 * HOUR - MINUTE)
    idle = sessions.open_(conn, person, "li", now=NOW, lasts=10 * HOUR)
    assert who(NOW + 4 * HOUR, idle.value) is None
    for wrong in ("", "ps_", "ps_ü", opened.value[:-1], opened.value + "x", "x" * 5000, opened.value[3:]):
        assert who(NOW, wrong) is None
    digests = conn.execute("select digest from smartpark.session").fetchall()
    assert all(opened.value.encode() not in bytes(digest) for (digest,) in digests)
    (listed, _) = sessions.listed(conn, person, now=NOW, idle=IDLE)
    assert len(listed["agent"] or "") <= sessions.AGENT_LENGTH
    held = passes.holding(conn, [opened.session, idle.session], [], now=NOW)
    assert held == {("session", opened.session), ("session", idle.session)}
    assert sessions.close(conn, opened.session, person, "li", now=NOW, actor="li")
    assert not sessions.close(conn, opened.session, person, "li", now=NOW, actor="li")
    assert passes.holding(conn, [opened.session, idle.session], [], now=NOW) == {("session", idle.session)}
    people.deactivate(conn, "li", now=NOW, actor="test")
    assert passes.holding(conn, [opened.session, idle.session], [], now=NOW) == set()


def test_a_token_has_some_of_its_roles_permissions_until_it_is_revoked(conn: psycopg.Connection) -> None:
    wall = tokens.add(conn, "small", "lobby wall", role=Role.WALL, now=NOW, actor="anna")
    part = tokens.add(conn, "small", "export", role=Role.OPERATOR, scopes=[Permission.ORDER_READ], now=NOW,
                      actor="anna", expires=NOW + HOUR)  # fmt: skip

    def who(value: str, at: datetime = NOW) -> Any:
        return passes.principal_of(conn, value, now=at, idle=IDLE)

    assert (who(wall.value).actor, who(wall.value).permissions) == ("token:lobby wall", {Permission.PARK_READ})
    assert who(wall.value, NOW + 400 * 24 * HOUR)
    assert who(part.value).permissions == {Permission.ORDER_READ}
    assert who(part.value, NOW + HOUR) is None
    for wrong in (
        {"scopes": [Permission.PEOPLE_WRITE]}, {"scopes": []}, {"expires": NOW}, {"name": "lobby wall"}, {"name": ""},
    ):  # fmt: skip
        whole: dict[str, Any] = {"name": "x", **wrong}
        with pytest.raises(PersonRefused), conn.transaction():
            tokens.add(conn, "small", whole.pop("name"), role=Role.WALL, now=NOW, actor="anna", **whole)
    for role, company in ((Role.TENANT, None), (Role.WALL, "acme"), (Role.TENANT, "nobody")):
        with pytest.raises(PersonRefused, match="company"), conn.transaction():
            tokens.add(conn, "small", "y", role=role, company=company, now=NOW, actor="anna")
    tokens.revoke(conn, "small", wall.token, now=NOW, actor="anna")
    assert who(wall.value) is None
    with pytest.raises(NotFound):
        tokens.revoke(conn, "small", wall.token, now=NOW, actor="anna")
    assert [row["name"] for row in tokens.listed(conn, "small")] == ["export"]
    assert [action for _, action, _ in audited(conn)] == ["token-add", "token-add", "token-revoke"]


def test_who_guesses_waits_longer_and_longer() -> None:
    wrong: list[datetime] = []
    pauses = []
    now = NOW
    for _ in range(12):
        pause = wait(wrong, free=FREE_LOGIN, now=now)
        pauses.append(pause / MINUTE)
        now += pause
        wrong.append(now)
    assert pauses == [0, 0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]
    assert wait(wrong, free=FREE_LOGIN, now=now + 2 * HOUR) == timedelta(0)
    assert wait([NOW] * 1000, free=FREE_LOGIN, now=NOW) == LONGEST


def test_attempts_are_kept_and_limited_by_login_and_by_address(conn: psycopg.Connection) -> None:
    for number in range(FREE_LOGIN):
        assert isinstance(sign_ins.begin(conn, "li", f"10.0.0.{number}", now=NOW), int)
    assert sign_ins.begin(conn, "li", "10.0.0.99", now=NOW + MINUTE / 2) == MINUTE / 2
    attempt = sign_ins.begin(conn, "li", "10.0.0.99", now=NOW + MINUTE)
    assert isinstance(attempt, int)
    sign_ins.done(conn, attempt)
    assert isinstance(sign_ins.begin(conn, "li", "10.0.0.99", now=NOW + MINUTE), int), "it was right: all is forgiven"
    for number in range(30):
        assert isinstance(sign_ins.begin(conn, f"guess{number}", "10.9.9.9", now=NOW), int)
    assert sign_ins.begin(conn, "somebody", "10.9.9.9", now=NOW) == MINUTE
    assert isinstance(sign_ins.begin(conn, "somebody", "10.9.9.8", now=NOW), int)
    kept = conn.execute("select outcome, count(*) from smartpark.sign_in group by 1 order by 1").fetchall()
    assert kept == [("delayed", 2), ("done", 1), ("wrong", 37)]


def test_a_link_works_once_for_who_is_still_there(conn: psycopg.Connection) -> None:
    person = add(conn, "li", Role.TECHNICIAN)
    conn.execute("reset role")
    token, late = links.make(conn, 7, person, NOW), links.make(conn, 8, person, NOW)
    conn.execute("set role park_gate")
    for _ in range(3):
        found = links.look(conn, token)
        assert found
        assert (found.work_order, found.login, found.holds(NOW)) == (7, "li", True), "looking does nothing"
    assert links.use(conn, found, now=NOW)
    assert not links.use(conn, found, now=NOW)
    again, other = links.look(conn, token), links.look(conn, late)
    assert again
    assert other
    assert not again.holds(NOW)
    assert not other.holds(NOW + links.LASTS)
    assert not links.use(conn, other, now=NOW + links.LASTS)
    assert links.look(conn, "pl_nothing") is None
    people.deactivate(conn, "li", now=NOW, actor="test")
    assert links.look(conn, late) is None


def test_desk_files_say_who_there_is_and_leave_alone_who_was_made_elsewhere(database: str, tmp_path: Path) -> None:
    with connect(database) as conn:
        parks.apply(conn, parkfile.read(REPO / "simulators/parks/qinghe.toml"), now=NOW)
        people.put(conn, "qinghe", Profile(login="by.hand", name="By Hand", role=Role.MANAGER), now=NOW, actor="test")
        file = REPO / "simulators/parks/qinghe-desk/people.toml"
        rows = desk.read(file)
        done = desk.apply(conn, "qinghe", rows, now=NOW)
        assert (done["contractors"], done["people"]) == ((2, 0, 0), (19, 0, 0))
        assert {row["role"] for row in people.listed(conn, "qinghe")} == set(Role) - {Role.WALL}
        assert desk.apply(conn, "qinghe", rows, now=NOW)["people"] == (0, 0, 0)
        fewer = {"contractors": rows["contractors"][:1], "people": [p for p in rows["people"] if p.login != "li.ming"]}
        assert desk.apply(conn, "qinghe", fewer, now=NOW) == {"contractors": (0, 0, 1), "people": (0, 0, 1)}
        assert not people.find(conn, "li.ming")["active"]
        assert people.find(conn, "by.hand")["active"]
        with conn.cursor(row_factory=dict_row) as cursor:
            seen = cursor.execute("select * from park.people where login = 'zhang.wei'").fetchall()
        assert [(row["skills"], row["name"]) for row in seen] == [(["hvac", "plumbing"], "张伟")]
        twice = {"people": rows["people"][:1] * 2}
        with pytest.raises(DeskFileError, match=r"chen\.jing twice"):
            desk.apply(conn, "qinghe", twice, now=NOW)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[[people]]\nlogin = "x"\nname = "X"\nrole = "king"\n', encoding="utf-8")
    with pytest.raises(DeskFileError, match=r"wrong\.toml: \[\[people\]\] number 1: Invalid enum value 'king'"):
        desk.read(wrong)


def test_commands_make_people_tokens_and_desks(
    conn: psycopg.Connection, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    conn.commit()
    monkeypatch.setenv("PARK_DATABASE_URL", database)

    def run(*words: str, given: str = "") -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        assert park.main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    run("person", "add", "anna", "--name", "Anna", "--role", "administrator", "--password-file", "-",
        given="a password of mine\n")  # fmt: skip
    (kept,) = conn.execute("select password from smartpark.person_secret").fetchone() or ("",)
    assert passwords.matches(kept, "a password of mine")
    assert run("person", "password", "anna", given="another one of mine\n")["done"] == "password set, 0 sessions ended"
    (listed,) = run("person", "list")["people"]
    assert (listed["login"], listed["has_password"]) == ("anna", True)
    made = run("token", "add", "lobby", "--days", "3")
    assert made["value"].startswith("pt_")
    (token,) = run("token", "list")["tokens"]
    assert "digest" not in token
    assert run("token", "revoke", str(token["token"])) == {"revoked": token["token"]}
    person = int(people.find(conn, "anna")["person"])
    sessions.open_(conn, person, "anna", now=datetime.now(UTC), lasts=HOUR)
    conn.commit()
    (held,) = run("person", "sessions", "anna")["sessions"]
    assert run("person", "sessions", "anna", "--revoke", str(held["session"]))["done"] == "session ended"
    file = tmp_path / "people.toml"
    file.write_text('[[people]]\nlogin = "bo"\nname = "Bo"\nrole = "operator"\n', encoding="utf-8")
    for verb, rows in (("check", 1), ("apply", 1), ("apply", 0)):
        assert run("desk", verb, str(file))["sections"]["people"]["added"] == rows
    assert run("person", "deactivate", "bo")["done"] == "deactivated"
    assert park.main(["person", "password", "bo"]) == 2, "too short"
    with pytest.raises(ConfigurationError):
        desk.read(tmp_path / "nothing.toml")
