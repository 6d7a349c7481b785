"""Signing in on a phone and on a wall, who one is afterwards, the way out, and a link that takes an order."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pipeline.domain.role import Role
from pipeline.store import desk, links, passwords, people, tokens, work_orders
from tests.conftest import REPO
from tests.screens.conftest import Wall

PEOPLE = REPO / "simulators/parks/qinghe-desk/people.toml"
PASSWORD = "six words that nobody guesses"
PHONE, WALL = {"width": 390, "height": 844}, {"width": 1920, "height": 1080}


@pytest.fixture
def guarded(database: str, tmp_path: Path) -> Iterator[Wall]:
    """The demo park with its people, and an API that asks who comes."""
    found = Wall(database, tmp_path, sign_in="required")
    desk.apply(found.conn, "qinghe", desk.read(PEOPLE), now=found.now)
    encoded = passwords.hashed(PASSWORD)
    for login in ("li.ming", "lin.xiao", "zhang.wei"):
        people.set_password(found.conn, login, encoded, now=found.now, actor="test")
    found.conn.commit()
    found.start()
    yield found
    found.close()


@pytest.fixture
def enter(page: Page) -> Callable[..., None]:
    """`enter(login, password)`: what somebody types at the door."""

    def type_(login: str, password: str = PASSWORD) -> None:
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", password)
        page.click(".door .primary")

    return type_


def fits(page: Page) -> bool:
    """Whether nothing lies beyond the screen's edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def forgive(errors: list[str]) -> None:
    """Chromium writes every 401 and 409 to the console; they are what this test is about."""
    errors[:] = [error for error in errors if not any(f"status of {code}" in error for code in (401, 409))]


def test_the_door(guarded: Wall, page: Page, enter: Callable[..., None], eventually: Callable[..., Any],
                  console_errors: list[str]) -> None:  # fmt: skip
    page.set_viewport_size(PHONE)
    page.goto(f"{guarded.url}/alarms?lang=en&state=closed")
    page.wait_for_selector(".door form")
    assert "/sign-in?next=%2Falarms%3Flang%3Den%26state%3Dclosed" in page.url
    assert fits(page)
    enter("li.ming", "not this one")
    eventually(lambda: page.inner_text(".door .trouble") == "Login or password is wrong.")
    enter("LI.MING")
    page.wait_for_selector(".alarms-page .account", timeout=20_000)
    assert page.url.endswith("/alarms?lang=en&state=closed")
    page.set_viewport_size(WALL)
    eventually(lambda: "Acting as 李明" in page.inner_text(".bar"), what="nobody is asked for a name")
    assert page.locator(".bar .actor button").count() == 0
    page.wait_for_selector(".stream-live", timeout=30_000)
    page.click(".account summary")
    assert "Operator" in page.inner_text(".account .sheet")
    assert "li.ming" in page.inner_text(".account .sheet")
    page.click(".account .sheet button")
    page.wait_for_selector(".door form")
    page.goto(f"{guarded.url}/?lang=zh")
    page.wait_for_selector(".door form")
    assert page.inner_text(".door h2") == "登录"
    assert fits(page)
    enter("lin.xiao")
    page.wait_for_url("**/requests", timeout=20_000)  # a tenant's own page: the wall is not for them
    page.goto(f"{guarded.url}/alarms?lang=zh")
    page.wait_for_selector(".door .note")
    eventually(lambda: "林晓" in page.inner_text(".door"))
    assert "企业员工不能打开该页面" in page.inner_text(".door")
    evil = page.evaluate(
        "async () => { const main = document.querySelector('script[type=module]').src;"
        " const { inside } = await import(main.replace(/sign-in\\.js$/, 'sign-in/wire.js'));"
        " return ['//evil.example/', 'https://evil.example', '/\\\\evil.example', 'javascript:1', '', '/a?b#c']"
        ".map(inside); }"
    )
    assert evil == [None, None, None, None, None, "/a?b#c"]
    forgive(console_errors)


def test_a_wall_hangs_by_its_token_until_that_is_revoked(
    guarded: Wall, page: Page, eventually: Callable[..., Any], console_errors: list[str]
) -> None:
    made = tokens.add(guarded.conn, "qinghe", "lobby", role=Role.WALL, now=guarded.now, actor="test")
    guarded.conn.commit()
    page.goto(f"{guarded.url}/?lang=zh&token={made.value}")
    page.wait_for_selector("main.stream-live #map .solid", timeout=30_000)
    assert page.url == f"{guarded.url}/?lang=zh"
    assert page.locator(".account").count() == 0
    page.reload()
    page.wait_for_selector("main.stream-live #map .solid", timeout=30_000)
    tokens.revoke(guarded.conn, "qinghe", made.token, now=guarded.now, actor="test")
    guarded.conn.commit()
    page.wait_for_selector(".door form", timeout=20_000)
    forgive(console_errors)


def test_a_link_on_a_phone_takes_the_order_when_it_is_pressed(
    guarded: Wall, page: Page, eventually: Callable[..., Any], console_errors: list[str]
) -> None:
    conn, now = guarded.conn, guarded.now
    new = work_orders.NewOrder(
        park_id="qinghe", origin="staff", cause="here", service="repair", skill="hvac", priority="P2",
        title_zh="会议室太热", title_en="Too hot in the meeting room", space_id="b5",
    )  # fmt: skip
    order = work_orders.open_(conn, new, now=now - timedelta(minutes=1), actor="li.ming").order
    person = people.find(conn, "zhang.wei")["person"]
    token = links.make(conn, order, person, now)
    conn.commit()
    page.set_viewport_size(PHONE)
    page.goto(f"{guarded.url}/take/{token}?lang=zh")
    page.wait_for_selector(".door .order .primary")
    assert fits(page)
    said = page.inner_text(".door")
    assert "会议室太热" in said
    assert "张伟" in said
    state = "select state from smartpark.work_order where work_order = %s"
    assert conn.execute(state, [order]).fetchone() == ("new",), "opening it does nothing"
    conn.commit()
    page.click(".door .order .primary")
    eventually(lambda: "已由您接下" in page.inner_text(".door"))
    assert conn.execute(state, [order]).fetchone() == ("accepted",)
    conn.commit()
    page.reload()
    eventually(lambda: "已用过" in page.inner_text(".door"))
    assert page.locator(".door .primary").count() == 0
    forgive(console_errors)
