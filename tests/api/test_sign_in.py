"""Signing in and out, passes of all kinds, and what a page does for who shows none."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from api.auth import COOKIE
from api.security import check_address
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.role import PERMISSIONS, Role
from pipeline.domain.work_order import OrderAction
from pipeline.settings import Settings
from pipeline.store import links, people, sessions, tokens, work_orders
from pipeline.store.database import connect
from tests.api.serving import NOW, Answer, serving, streaming
from tests.api.signed import PASSWORD, Signed, cookie, signed
from tests.park import apply_small_park

Eventually = Callable[..., Any]
SESSION = "/api/v1/session"


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        apply_small_park(found)
        yield found


@pytest.fixture
def doors(database: str, conn: psycopg.Connection) -> Iterator[Signed]:
    with signed(database) as found:
        yield found


def sign_in(doors: Signed, login: str = "oper", password: str = PASSWORD, **headers: str) -> Answer:
    answer: Answer = doors.post("nobody", SESSION, {"login": login, "password": password}, **headers)
    return answer


def kind(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["type"].rsplit("/", 1)[1]


def test_who_signs_in_is_known_until_they_sign_out(doors: Signed, conn: psycopg.Connection) -> None:
    assert kind(doors.get("nobody", SESSION)) == (401, "not-signed-in")
    answer = sign_in(doors, " OPER ")
    assert answer.status == 200
    set_to = answer.headers["set-cookie"]
    assert re.fullmatch(
        rf"{COOKIE}=ps_[\w-]{{43}}; HttpOnly; Max-Age=1209600; Path=/; SameSite=strict", set_to, re.IGNORECASE
    )
    assert answer.json["expires"] == (NOW + timedelta(days=14)).isoformat()[:13] + answer.json["expires"][13:]
    mine = cookie(set_to.split(";")[0].split("=", 1)[1])
    told = doors.api.get(SESSION, headers=mine).json
    assert told == {
        "actor": "oper", "name": "Oper", "role": "operator", "permissions": sorted(PERMISSIONS[Role.OPERATOR]),
        "language": "zh", "company": None, "park": "small", "time_zone": "Asia/Shanghai",
        "signed_in": True, "home": told["home"], "expires": None,
    }  # fmt: skip
    ended = doors.api.post(SESSION, {}, method="DELETE", headers=mine)
    assert (ended.status, ended.json) == (200, {"sessions_ended": 1})
    assert "Max-Age=0" in ended.headers["set-cookie"]
    assert kind(doors.api.get(SESSION, headers=mine)) == (401, "not-signed-in")
    log = "select actor, action, subject from smartpark.audit_log where actor = 'oper' order by entry"
    assert [action for _, action, _ in conn.execute(log).fetchall()][-2:] == ["sign-in", "sign-out"]


def test_wrong_passwords_and_unknown_logins_are_told_alike_and_then_wait(
    doors: Signed, conn: psycopg.Connection
) -> None:
    wrong, unknown = sign_in(doors, "oper", "not this one"), sign_in(doors, "who.is.that", "not this one")
    assert kind(wrong) == kind(unknown) == (401, "wrong-password")
    assert wrong.json["detail"] == unknown.json["detail"]
    for _ in range(4):
        assert sign_in(doors, "oper", "nor this one").status == 401
    delayed = sign_in(doors, "oper", PASSWORD)
    assert kind(delayed) == (429, "too-many-attempts")
    assert 1 <= int(delayed.headers["retry-after"]) <= 60
    assert sign_in(doors, "mana").status == 200, "nobody else waits"
    kept = dict(conn.execute("select outcome, count(*) from smartpark.sign_in group by 1").fetchall())
    assert kept == {"wrong": 6, "done": 1, "delayed": 1}
    assert PASSWORD not in str(conn.execute("select * from smartpark.sign_in").fetchall())


def test_another_site_s_page_signs_nobody_in_and_acts_for_nobody(doors: Signed) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert kind(sign_in(doors, **headers)) == (403, "cross-site")
        answer = doors.post("operator", "/api/v1/alarms/acknowledge", {"alarms": [1]}, **headers)
        assert kind(answer) == (403, "cross-site")
    assert kind(sign_in(doors, **{"Content-Type": "text/plain"})) == (415, "not-json")
    odd = {"Origin": "https://tool.example"}
    answer = doors.post("scopeless", "/api/v1/alarms/acknowledge", {"alarms": [1]}, **odd)
    assert kind(answer) == (403, "forbidden"), "a token is no cookie: nothing is asked, but what it may"


def test_acts_are_signed_with_who_is_signed_in_and_not_with_what_is_typed(doors: Signed) -> None:
    work = {"starts": "2026-11-22T00:00:00Z", "ends": "2026-11-23T00:00:00Z", "reason": "roof"}
    assert doors.post("operator", "/api/v1/maintenance", {**work, "actor": "The Boss"}).json["set_by"] == "oper"
    assert doors.post("operator", "/api/v1/maintenance", work).json["set_by"] == "oper"
    assert kind(doors.post("technician", "/api/v1/maintenance", work)) == (403, "forbidden")


def test_a_server_without_sign_in_takes_the_name_that_is_typed_as_before(
    database: str, conn: psycopg.Connection
) -> None:
    with serving(database) as api:
        told = api.ok(SESSION)
        assert (told["actor"], told["signed_in"], told["role"]) == ("local", False, "administrator")
        work = {"starts": "2026-11-22T00:00:00Z", "ends": "2026-11-23T00:00:00Z", "reason": "roof"}
        answer = api.post("/api/v1/maintenance", work)
        assert (answer.status, answer.json["errors"][0]["parameter"]) == (400, "actor")
        assert api.act("/api/v1/maintenance", **work)["set_by"] == "Li Ming"
        assert api.post(SESSION, {"login": "oper", "password": PASSWORD}).status == 404


def test_a_session_ends_everywhere_with_its_password_its_person_and_its_role(doors: Signed) -> None:
    def state() -> list[int]:
        return [doors.get(who, SESSION).status for who in ("operator", "technician", "tenant")]

    assert state() == [200, 200, 200]
    again = sign_in(doors)
    other = cookie(again.headers["set-cookie"].split(";")[0].split("=", 1)[1])
    changed = {"password": PASSWORD, "new": "another six words for me"}
    assert kind(doors.post("operator", f"{SESSION}/password", {**changed, "password": "x"})) == (401, "wrong-password")
    assert kind(doors.post("operator", f"{SESSION}/password", {**changed, "new": "short"})) == (409, "refused")
    assert doors.post("operator", f"{SESSION}/password", changed).json == {"sessions_ended": 1}
    assert state() == [200, 200, 200], "who changed it stays"
    assert doors.api.get(SESSION, headers=other).status == 401
    people_ = "/api/v1/people"
    assert doors.post("administrator", f"{people_}/tech/deactivate", {}).json["active"] is False
    tenant = {"name": "Tena", "role": "tenant", "company": "acme", "language": "en"}
    assert doors.post("administrator", f"{people_}/tena", tenant, method="PUT").json["language"] == "en"
    assert state() == [200, 401, 200]
    assert doors.post("administrator", f"{people_}/oper/password", {"password": "quite another"}).status == 200
    assert state() == [401, 401, 200]
    assert doors.get("administrator", f"{people_}/tena/sessions").json["items"][0]["session"]
    assert doors.post("administrator", f"{people_}/tena/sessions", {}, method="DELETE").json == {"sessions_ended": 1}
    assert state() == [401, 401, 401]
    for path, body in ((f"{people_}/admi/deactivate", {}), (f"{people_}/admi", {"name": "A", "role": "manager"})):
        method = "PUT" if body else "POST"
        assert kind(doors.post("administrator", path, body, method=method)) == (403, "forbidden"), "not oneself"
    found = {item["login"]: item for item in doors.get("administrator", f"{people_}?inactive=true").json["items"]}
    assert (found["tech"]["active"], len(found)) == (False, 5)


def test_a_stream_ends_with_what_it_stands_on(doors: Signed, database: str, conn: psycopg.Connection) -> None:
    made = doors.post("administrator", "/api/v1/tokens", {"name": "gate screen", "role": "wall"}).json
    with (
        streaming(doors.api, headers=doors.shows["operator"]) as mine,
        streaming(doors.api, headers=doors.shows["manager"]) as other,
        streaming(doors.api, headers={"Authorization": f"Bearer {made['value']}"}) as wall,
    ):
        for stream in (mine, other, wall):
            stream.next("snapshot")
        doors.post("operator", SESSION, {}, method="DELETE")
        doors.post("administrator", f"/api/v1/tokens/{made['token']}", {}, method="DELETE")
        for stream in (mine, wall):
            with pytest.raises(EOFError):
                while stream.next():
                    pass
        assert other.next("heartbeat")
    assert kind(doors.get("operator", "/api/v1/live")) == (401, "not-signed-in")


def test_pages_send_who_is_not_signed_in_to_the_sign_in_and_back(doors: Signed) -> None:
    def sent(who: str, path: str) -> tuple[int, str]:
        answer = doors.get(who, path)
        return answer.status, answer.headers.get("location", "")

    assert sent("nobody", "/alarms?lang=en&state=open") == (
        303, f"/sign-in?next={quote('/alarms?lang=en&state=open', safe='')}&lang=en")  # fmt: skip
    assert sent("operator", "/alarms") == (200, "")
    status, where = sent("tenant", "/alarms")
    assert (status, "refused=yes" in where) == (303, True)
    for path in ("/sign-in", "/take/pl_whatever"):
        answer = doors.get("nobody", path)
        assert (answer.status, b"sign-in.css" in answer.body) == (200, True)


def test_a_wall_s_token_in_the_address_becomes_a_cookie_and_leaves_the_address(
    doors: Signed, database: str, conn: psycopg.Connection
) -> None:
    value = doors.shows["wall"]["Authorization"].removeprefix("Bearer ")
    answer = doors.get("nobody", f"/?lang=en&token={value}&park=small")
    assert (answer.status, answer.headers["location"]) == (303, "/?lang=en&park=small")
    set_to = answer.headers["set-cookie"]
    assert "HttpOnly" in set_to
    kept = cookie(set_to.split(";")[0].split("=", 1)[1])
    assert doors.api.get("/?lang=en&park=small", headers=kept).status == 200
    assert doors.api.get("/api/v1/overview", headers=kept).status == 200
    other = tokens.add(conn, "small", "program", role=Role.OPERATOR, now=NOW, actor="test")
    conn.commit()
    for wrong in ("pt_nothing", other.value, "", "x" * 3000):
        answer = doors.get("nobody", f"/?token={wrong}")
        assert (answer.status, answer.headers["location"]) == (303, "/sign-in?next=%2F"), "only walls hang there"
        assert "set-cookie" not in answer.headers


def test_over_https_the_cookie_is_secure(database: str, conn: psycopg.Connection) -> None:
    with signed(database, api_https=True) as doors:
        assert "Secure" in sign_in(doors).headers["set-cookie"]


def order(conn: psycopg.Connection, cause: str) -> int:
    new = work_orders.NewOrder(
        park_id="small", origin="staff", cause=cause, service="repair", skill="lift", priority="P1",
        title_zh="电梯困人", title_en="People in the lift", space_id="b1",
    )  # fmt: skip
    return work_orders.open_(conn, new, now=NOW - timedelta(minutes=1), actor="oper").order


def test_a_link_shows_what_there_is_to_take_and_only_a_post_takes_it(doors: Signed, conn: psycopg.Connection) -> None:
    person = people.find(conn, "tech")["person"]
    first, second = order(conn, "one"), order(conn, "two")
    mine, late = links.make(conn, first, person, NOW), links.make(conn, second, person, NOW)
    work_orders.act(conn, work_orders.OrderAct(order=second, action=OrderAction.ACCEPT, actor="other"), now=NOW)
    conn.commit()
    for _ in range(3):
        assert doors.get("nobody", f"/take/{mine}").status == 200
        told = doors.get("nobody", f"/api/v1/links/{mine}").json
        assert (told["state"], told["holds"], told["title"]["en"]) == ("new", True, "People in the lift")
    assert kind(doors.post("nobody", f"/api/v1/links/{mine}", {}, Origin="https://evil.example")) == (403, "cross-site")
    done = doors.post("nobody", f"/api/v1/links/{mine}", {}).json
    assert (done["state"], done["holds"], done["taken_by"]) == ("accepted", False, "Tech")
    assert doors.post("nobody", f"/api/v1/links/{mine}", {}).status == 404
    overtaken = doors.post("nobody", f"/api/v1/links/{late}", {})
    assert kind(overtaken) == (409, "refused")
    assert doors.get("nobody", f"/api/v1/links/{late}").json["holds"], "what could not be done uses nothing up"
    event = (
        "select actor, action, person from smartpark.work_order_event where work_order = %s order by seq desc limit 1"
    )
    assert conn.execute(event, [first]).fetchone() == ("tech", "accept", person)
    assert doors.get("nobody", "/api/v1/links/pl_there_is_none").status == 404


def test_a_session_in_the_database_opens_nothing_by_itself(doors: Signed, conn: psycopg.Connection) -> None:
    """Who reads a dump has digests: none of them is a pass."""
    found = conn.execute("select encode(digest, 'hex') from smartpark.session").fetchall()
    for (digest,) in found:
        assert doors.api.get(SESSION, headers=cookie(digest)).status == 401
        assert doors.api.get(SESSION, headers=cookie(f"ps_{digest}")).status == 401
    person = people.find(conn, "oper")["person"]
    opened = sessions.open_(conn, person, "oper", now=NOW, lasts=timedelta(minutes=-1))
    conn.commit()
    assert doors.api.get(SESSION, headers=cookie(opened.value)).status == 401


def test_where_it_may_listen_follows_from_who_is_let_in() -> None:
    away = {"PARK_API_HOST": "0.0.0.0"}  # noqa: S104 - refused, that is the point
    with pytest.raises(ConfigurationError, match="PARK_API_HTTPS=yes"):
        check_address(Settings.from_env(away))
    check_address(Settings.from_env({**away, "PARK_API_HTTPS": "yes"}))
    check_address(Settings.from_env({**away, "PARK_API_TRUSTED_NETWORK": "yes"}))
    for more in ({}, {"PARK_API_TRUSTED_NETWORK": "yes"}, {"PARK_API_HTTPS": "yes"}):
        with pytest.raises(ConfigurationError, match="PARK_API_SIGN_IN=required"):
            check_address(Settings.from_env({**away, **more, "PARK_API_SIGN_IN": "local"}))
    check_address(Settings.from_env({"PARK_API_SIGN_IN": "local"}))
    with pytest.raises(ConfigurationError, match="required or local"):
        Settings.from_env({"PARK_API_SIGN_IN": "no"})


def test_while_the_database_is_away_pages_are_shown_to_who_has_a_cookie(
    database: str, conn: psycopg.Connection
) -> None:
    """They hold no figures; a wall that starts over just then must not go dark."""
    port = database.rsplit(":", 1)[1].split("/")[0]
    with serving(database.replace(f":{port}/", ":1/"), api_sign_in="required") as api:
        assert api.get("/", headers=cookie("ps_any")).status == 200
        assert api.get("/").status == 303
        assert api.get("/api/v1/parks", headers=cookie("ps_any")).status == 503
