"""The page /kpi: how promises are kept, with n; what is about to be missed; what nobody knows is unknown."""

import os
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from playwright.sync_api import Page

from pipeline.store.database import connect
from tests.conftest import wait_until
from tests.screens import day
from tests.screens.conftest import Wall
from tests.screens.test_wall import MISFITS, classes
from tests.service_history import History

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STAFF = (("li", "李明"), ("wu", "吴霞"), ("zhao", "赵大勇"))


@pytest.fixture
def open_kpi(page: Page) -> Callable[..., Page]:
    """`open_kpi(wall, lang="zh", days=30)`: the page, once it was answered."""

    def open_(wall: Wall, *, lang: str = "zh", days: int = 30) -> Page:
        page.goto(f"{wall.url}/kpi?lang={lang}&days={days}")
        page.wait_for_selector("main.kpi.stream-live.answered", timeout=30_000)
        page.wait_for_selector("#forecast.fresh")
        page.wait_for_selector("#cards.fresh")
        return page

    return open_


def months(wall: Wall, database: str) -> None:
    """Two months: most orders are answered in time, some of Zhao's are not; three are open now, one of them overdue."""
    random = Random(7)
    with connect(database) as conn:
        conn.autocommit = True
        told = History(conn, wall.park.park_id, wall.now)
        told.setting()
        for login, name in STAFF:
            told.person(login, name)
        spaces = [s.space_id for s in wall.park.spaces if s.kind == "building"]
        companies = [c.company_id for c in wall.park.companies]
        for n in range(66):
            at = wall.now - 60 * DAY + n * 21 * HOUR
            who = STAFF[n % 3][0]
            late = random.random() < (0.4 if who == "zhao" else 0.08)
            arrive = random.uniform(70, 200) if late else random.uniform(12, 55)
            company = random.choice(companies)
            number = told.order(
                at, who=who, accept=random.uniform(1, 9), arrive=arrive, finish=arrive + random.uniform(10, 200),
                space_id=random.choice(spaces), company_id=company, service=random.choice(["repair", "cleaning"]),
                proof=random.choice(["code", "claimed"]), reopen=arrive + 300 if n % 11 == 5 else None,
            )  # fmt: skip
            told.request(at, answered=at + timedelta(minutes=arrive + 200), company=company, order=number,
                         channel=random.choice(["online", "online", "phone"]),
                         stars=random.choice([5, 5, 4, 3]) if n % 2 else None)  # fmt: skip
        told.order(wall.now - timedelta(minutes=90), who="li", accept=5, space_id=spaces[0])
        told.order(wall.now - timedelta(minutes=20), who="wu", accept=5, space_id=spaces[1])
        told.order(wall.now - timedelta(minutes=4), space_id=spaces[0])


def fits(page: Page, what: str) -> None:
    wait_until(lambda: page.evaluate(MISFITS) == [], within=5, what=f"{what}: {page.evaluate(MISFITS)}")


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PARK_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/kpi-{name}.png", full_page=page.viewport_size["width"] < 900)  # type: ignore[index]


def test_figures_stand_with_n_and_what_is_about_to_be_missed_is_told(
    wall: Wall, database: str, open_kpi: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    months(wall, database)
    wall.write(*day.minute(wall))
    for lang, overdue, calendar in (("zh", "已超时未结", "服务时间"), ("en", "overdue", "on its calendar")):
        page = open_kpi(wall, lang=lang, days=90)
        becomes(".answer.high .headline", overdue)
        becomes("#measure-times", calendar)
        assert "n=67" in page.inner_text("#measure-respond"), page.inner_text("#measure-respond")
        assert page.locator("#weeks .week").count() >= 8
        assert page.locator("#forecast .rows > li").count() == 3
        for width, height in ((1920, 1080), (3840, 2160), (1366, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{lang}-{width}")
            fits(page, f"{lang}, {width} px")
        page.set_viewport_size({"width": 1920, "height": 1080})
    page.select_option("#groups select", "assignee")
    becomes("#groups .rows", "赵大勇")
    assert "by=assignee" in page.url
    page.click(".choices button:text('30 days')")
    becomes("#measure-respond", "n=3")
    becomes("#cards .rows", "赵大勇")
    page.reload()
    page.wait_for_selector("main.kpi.answered")
    assert page.input_value("#groups select") == "assignee"
    links = [str(link.get_attribute("href")) for link in page.locator(".downloads a").all()]
    for link in links:
        answer = page.request.get(wall.url + link)
        assert answer.ok and len(answer.body()) > 500, link


def test_what_nobody_knows_looks_unknown(silent: Wall, open_kpi: Callable[..., Page]) -> None:
    page = open_kpi(silent, lang="en")
    assert "No response was due" in page.inner_text(".answer.stale .headline")
    for figure in ("respond", "times", "promise", "restore", "fix", "rating"):
        assert "unsure" in classes(page, f"#measure-{figure}"), figure
        assert "unknown" in page.inner_text(f"#measure-{figure} .big"), figure
    assert page.locator("#weeks .notKnown").count() >= 4 and page.locator("#weeks circle").count() == 0
    assert "0" not in page.inner_text("#voices .facts").replace("n=0", "").replace("P50", "").replace("P90", "")
    picture(page, "en-unknown")
    fits(page, "unknown")
