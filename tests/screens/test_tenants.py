"""What tenants and visitors hold in their hand: reporting by a QR code, following it to the stars, and rooms."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Page
from psycopg.rows import dict_row

from pipeline.domain.clock import local_day_start
from pipeline.domain.work_order import OrderAction
from pipeline.store import codes, desk, sessions, surveys
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import OrderAct
from tests.conftest import REPO
from tests.screens.conftest import Wall

PHONE, WALL = {"width": 390, "height": 844}, {"width": 1920, "height": 1080}
PHOTO = REPO / "docs/alarms-phone.png"


@pytest.fixture
def town(database: str, tmp_path: Path) -> Iterator[Wall]:
    """The demo park with its desk, and an API that asks who comes."""
    found = Wall(database, tmp_path, sign_in="required")
    found.conn.commit()
    found.write()  # the engine once: calendars
    desk.apply(found.conn, "qinghe", desk.read(REPO / "simulators/parks/qinghe-desk"), now=found.now)
    found.conn.commit()
    found.start()
    yield found
    found.close()


@pytest.fixture
def be(town: Wall, page: Page, database: str) -> Callable[[str], None]:
    """`be(login)`: that person's session, as its cookie."""

    def sign_in(login: str) -> None:
        with connect(database) as conn:
            (person,) = conn.execute("select person from smartpark.person where login = %s", [login]).fetchone() or (0,)
            opened = sessions.open_(conn, person, login, now=town.now, lasts=timedelta(hours=8), agent="test")
        page.context.add_cookies([{"name": "park_session", "value": opened.value, "url": town.url}])

    return sign_in


def rows(conn: psycopg.Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, values).fetchall()  # type: ignore[arg-type]
    conn.commit()
    return found


def work(town: Wall, order: int, *actions: OrderAction) -> None:
    """A technician does these, one after the other."""
    for action in actions:
        orders.act(town.conn, OrderAct(order=order, action=action, actor="zhang.wei"), now=town.now)
    town.conn.commit()


def fits(page: Page, name: str) -> None:
    """Nothing lies beyond the edge, on a phone and on a desk."""
    for size in (PHONE, WALL):
        page.set_viewport_size(size)
        if folder := os.environ.get("PARK_TEST_PICTURES"):
            page.screenshot(path=f"{folder}/tenant-{name}-{size['width']}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
    page.set_viewport_size(PHONE)


def forgive(errors: list[str], *codes_: int) -> None:
    """Chromium writes every refusal to the console; those are what a test is about."""
    errors[:] = [error for error in errors if not any(f"status of {code}" in error for code in codes_)]


def test_a_visitor_reports_by_a_code_and_follows_it(
    town: Wall, page: Page, becomes: Callable[..., None], console_errors: list[str]
) -> None:
    codes.make(town.conn, "qinghe", ["b3-lobby"], now=town.now, actor="test")
    (code,) = [row["code"] for row in rows(town.conn, "select code from smartpark.place_code")]
    page.set_viewport_size(PHONE)
    page.goto(f"{town.url}/report?lang=en&code={code.lower()}")
    page.wait_for_selector(".report[data-ready=yes] .what button")
    becomes(".where .place", "Building 3")
    fits(page, "report-en")
    assert page.is_disabled(".send .primary")
    page.click(".what button:has-text('Plumbing')")
    page.fill(".words textarea", "Water below the sink of the washroom")
    page.fill(".words input:not([type=file])", "138 0000 0000")
    page.reload()  # what was typed is still there
    page.wait_for_selector(".what button[aria-pressed=true]")
    page.click(".send .primary")
    page.wait_for_selector(".sent .number")
    (request,) = rows(town.conn, "select * from smartpark.service_request")
    assert page.inner_text(".sent .number") == str(request["request"])
    assert (request["space_id"], request["channel"], request["company_id"]) == ("b3-lobby", "online", None)
    assert request["contact"] == "138 0000 0000"
    (order,) = rows(town.conn, "select work_order, skill, state, space_id from smartpark.work_order")
    assert (order["skill"], order["state"], order["space_id"]) == ("plumbing", "new", "b3-lobby")
    page.click(".sent .primary")
    becomes(".detail .now", "Somebody is being sent")
    work(town, order["work_order"], OrderAction.ACCEPT, OrderAction.FINISH)
    page.reload()
    becomes(".detail .state", "for you to confirm")
    page.click(".do button:has-text('Not solved')")
    page.fill(".asking textarea", "It drips again")
    page.click(".asking .primary")
    becomes(".detail .state", "in progress")
    assert rows(town.conn, "select state from smartpark.work_order")[0]["state"] == "reopened"
    page.goto(f"{town.url}/report?lang=zh&code=ZZZZZZZZ")
    becomes(".where .trouble", "没有这个编号")
    forgive(console_errors, 401, 404)


def test_a_tenant_reports_with_a_photo_confirms_and_rates(
    town: Wall, page: Page, be: Callable[[str], None], becomes: Callable[..., None]
) -> None:
    asked = surveys.NewSurvey(park_id="qinghe", name_zh="年度满意度", name_en="Year's survey", opens=town.now,
                              closes=town.now + timedelta(days=14))  # fmt: skip
    surveys.make(town.conn, asked, now=town.now, actor="test")
    town.conn.commit()
    be("lin.xiao")
    page.set_viewport_size(PHONE)
    page.goto(f"{town.url}/report?lang=zh")
    page.wait_for_selector(".report[data-ready=yes] .what button")
    becomes(".where", "没有编号也可以")
    page.click(".what button:has-text('空调报修')")
    page.fill(".words textarea", "3楼会议室太冷，吹得人头疼")
    page.set_input_files(".photos input", PHOTO)
    page.wait_for_selector(".photos > button img")
    fits(page, "report-zh")
    page.click(".send .primary")
    page.click(".sent .primary")
    page.wait_for_selector(".detail .pictures img")
    (photo,) = rows(town.conn, "select count(*) as n, count(distinct subject) as of from smartpark.photo_link")
    assert (photo["n"], photo["of"]) == (2, 2), "the photo belongs to the request and to its order"
    (order,) = rows(town.conn, "select work_order, company_id from smartpark.work_order")
    assert order["company_id"], "it is the tenant's"
    work(town, order["work_order"], OrderAction.ACCEPT, OrderAction.ARRIVE, OrderAction.FINISH)
    page.goto(f"{town.url}/requests?lang=zh")
    becomes(".list .state.mine", "待您确认")
    becomes(".survey", "年度满意度")
    fits(page, "requests-zh")
    page.click(".survey .stars button:nth-child(4)")
    page.click(".survey .primary")
    page.wait_for_selector(".survey", state="detached")
    page.click(".request a")
    page.click(".do .primary")
    becomes(".detail .state", "已确认")
    page.click(".stars button:nth-child(5)")
    page.fill(".rating textarea", "来得很快")
    page.click(".rating .primary")
    becomes(".rated", "★★★★★ 来得很快")
    fits(page, "request-zh")
    assert rows(town.conn, "select stars, words from smartpark.rating") == [{"stars": 5, "words": "来得很快"}]
    assert rows(town.conn, "select stars from smartpark.survey_answer") == [{"stars": 4}]


def test_a_room_is_booked_once_and_given_back(
    town: Wall, page: Page, be: Callable[[str], None], becomes: Callable[..., None], console_errors: list[str]
) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    tomorrow = local_day_start(town.now.astimezone(zone), 1)
    be("lin.xiao")
    page.set_viewport_size(PHONE)
    page.goto(f"{town.url}/rooms?lang=en")
    page.wait_for_selector(".rooms[data-ready=yes] .bar")
    page.click(".day button:last-child")

    def book(subject: str, since: str, until: str) -> None:
        page.click(".room:first-child .bar", position={"x": 90, "y": 20})
        page.fill(".asking label:nth-child(1) input", since)
        page.fill(".asking label:nth-child(2) input", until)
        page.fill(".asking > input", subject)
        page.click(".asking .primary")

    book("Board meeting", "10:00", "11:30")
    becomes(".room:first-child ul.taken", "10:00–11:30 Board meeting")
    (booking,) = rows(town.conn, "select lower(during) as since, upper(during) as until from smartpark.booking")
    assert booking == {"since": tomorrow.replace(hour=10), "until": tomorrow.replace(hour=11, minute=30)}
    fits(page, "rooms-en")
    book("Another", "11:00", "12:00")
    becomes(".asking .trouble", "Not done")
    page.click(".asking button:last-child")
    page.click(".own button")
    page.click(".own .danger")
    becomes(".own em", "cancelled")
    forgive(console_errors, 409)
