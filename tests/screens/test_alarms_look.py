"""How alarms look: on the wall they are the answer, nothing is said twice, what is old looks old, and all fits."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from pipeline.domain.message import Sample
from tests.conftest import wait_until
from tests.screens import alarming, day
from tests.screens.conftest import Wall
from tests.screens.test_alarms import MISFITS, NAME, open_page, ruled
from tests.screens.test_bad_day import change
from tests.screens.test_endurance import FAINT, counted
from tests.screens.test_stream import forgive
from tests.screens.test_wall import MISFITS as WALL_MISFITS
from tests.screens.test_wall import classes

__all__ = ["open_page", "ruled"]

# Two thousand times other alarms than before, as many as a bad day has, and the tile that tells of them.
STORM = """async (rounds) => {
  const main = document.querySelector("script[type=module]").src;
  const at = (path) => import(main.replace(/alarms\\.js$/, path));
  const { open } = await at("alarms/ledger.js");
  const { applyTile, tiles } = await at("store.js");
  const kept = structuredClone(open.peek());
  for (let i = 0; i < rounds; i += 1) {
    open.value = kept.map((alarm, n) => ({ ...alarm,
      alarm: (n * 7919 + i * (n % 3)) % 100000, acknowledged: (i + n) % 5 === 0,
      priority: ["critical", "high", "medium", "low"][(i + n) % 4] }));
    applyTile({ name: "alarms", ...tiles.alarms.peek() });
    if (i % 4 === 0) await new Promise(requestAnimationFrame);
  }
  open.value = kept;
  await new Promise((done) => setTimeout(done, 300));
}"""
THUMB_PX = 56
SIZES = ((1920, 1080), (1366, 768), (390, 844))


@pytest.fixture
def bad(ruled: Wall) -> dict[str, int]:
    """A bad day: 30 alarms, a flood, an incident, danger to life; the numbers of some."""
    found = alarming.bad_day(ruled)
    alarming.keep_fresh(ruled)
    return found


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PARK_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_the_wall_answers_with_its_alarms(ruled: Wall, show: Callable[..., Page], becomes: Callable[..., None]) -> None:
    alarming.keep_fresh(ruled)
    page = show(ruled)
    becomes("#alarms .empty", "没有未关闭的报警")
    number = alarming.raise_alarm(ruled, "pump-pressure-high", "pump-b5-1", ago_s=3)
    alarming.keep_fresh(ruled)
    page.wait_for_selector("#alarms .alarm.high.open")
    becomes(".verdict .headline", "1 条报警 · 1 条未确认")
    becomes(".verdict li:first-child", "水泵出口压力过高 · 5号楼 1号水泵 无人确认")
    page.wait_for_selector("#map .solid.high")
    assert page.locator("#map .solid.high").count() == 1
    label = page.text_content("#map .label.high") or ""
    assert "5号楼" in label
    assert "高" in label, "never colour alone"
    ruled.conn.execute(
        "update smartpark.alarm set state = 'acknowledged', acknowledged = true, seen_by = %s where alarm = %s",
        [NAME, number],
    )
    becomes("#alarms .alarm:not(.open) .who", f"{NAME} 已确认")
    becomes(".verdict .headline", "均已确认")
    page.click("#alarms .alarm .name")
    page.wait_for_selector("#detail h2 >> text=水泵出口压力过高")


def test_a_bad_day_is_told_by_its_causes(
    ruled: Wall, bad: dict[str, int], show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    page = show(ruled, lang="en")
    becomes("#alarms .flood", "Flood at Operations")
    page.wait_for_selector("#alarms .alarm >> text=East Gate gateway lost: 11 alarms")
    first = page.locator("#alarms .alarm").first
    assert "critical" in (first.get_attribute("class") or "")
    assert "Smoke detected" in first.inner_text()
    becomes("#alarms .rest", "All 30")
    assert page.locator("#map .solid.critical").count() == 1
    assert page.locator("#map .solid.medium").count() >= 1
    assert not page.is_visible("#sensors"), "readings make room"


def test_nothing_is_said_twice(ruled: Wall, show: Callable[..., Page], becomes: Callable[..., None]) -> None:
    """The rules judge what is written here: a leak is an alarm, and not a finding beside it."""
    page = show(ruled)
    ruled.write(ruled.message("leak-b5-servers", samples=[Sample("leak-b5-servers", ruled.now, {"leak": 1.0})]))
    alarming.keep_fresh(ruled)
    page.wait_for_selector(".verdict li.high >> text=漏水 · 5号楼 机房水浸")
    page.wait_for_selector("#sensors .reading.high")
    assert page.locator(".verdict li >> text=漏水").count() == 1
    assert page.locator(".verdict li.critical, #map .solid.critical").count() == 0, "its rule says high"


def test_what_is_known_of_alarms_grows_old_and_says_so(
    ruled: Wall, bad: dict[str, int], show: Callable[..., Page], becomes: Callable[..., None], console_errors: list[str]
) -> None:
    page = show(ruled)
    page.wait_for_selector("#alarms .alarm.critical")
    change(page, "alarms", "tile.as_of = iso(60); tile.data.open = []; tile.data.total = 0")
    page.wait_for_selector("#alarms.stale")
    becomes("#alarms .empty", "尚不知道有没有报警")
    becomes(".verdict", "报警数据陈旧")
    assert "well" not in classes(page, ".verdict")
    page.reload()
    page.wait_for_selector("#alarms .alarm.critical")
    ruled.stop()
    page.wait_for_selector("main.lost", timeout=15_000)
    becomes(".verdict li.critical", "最后所知")
    assert "stale" in classes(page, "#alarms")
    grey = "(s) => getComputedStyle(document.querySelector(s)).filter"
    assert page.evaluate(grey, "#alarms .alarm.critical") == "none"
    assert page.evaluate(grey, "#alarms .alarm.high") == "saturate(0)"
    forgive(page, console_errors)


def fits(page: Page, script: str, what: str) -> None:
    wait_until(lambda: page.evaluate(script) == [], within=5, what=f"{what}: {page.evaluate(script)}")


def test_long_texts_break_nothing(
    ruled: Wall, bad: dict[str, int], open_page: Callable[..., Page], show: Callable[..., Page]
) -> None:
    for lang in ("zh", "en"):
        page = show(ruled, lang=lang)
        page.wait_for_selector("#alarms .alarm")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            fits(page, WALL_MISFITS, f"wall {lang} {width}")
            picture(page, f"alarms-wall-{lang}-{width}")
        page = open_page(ruled, lang=lang, alarm=bad["pump-pressure-high"])
        page.wait_for_selector("#detail .steps li")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            fits(page, MISFITS, f"{lang} {width}")
            picture(page, f"alarms-{lang}-{width}")
        assert page.evaluate("document.querySelector('.first .primary').getBoundingClientRect().height") >= THUMB_PX
        page.click(".back")
        page.wait_for_selector("main:not(.one) #list .row")
        fits(page, MISFITS, f"list {lang}")
        picture(page, f"alarms-list-{lang}-390")


def test_all_of_it_can_be_read_in_the_dark_and_in_the_sun(
    ruled: Wall, bad: dict[str, int], open_page: Callable[..., Page]
) -> None:
    page = open_page(ruled, alarm=bad["smoke"])
    page.wait_for_selector("#detail .steps li")
    assert page.evaluate(FAINT) == []
    page.click(".theme")
    wait_until(lambda: page.evaluate(FAINT) == [], within=5, what=f"in the light: {page.evaluate(FAINT)}")


def test_two_thousand_changes_leave_nothing_behind(
    ruled: Wall, bad: dict[str, int], open_page: Callable[..., Page]
) -> None:
    page = open_page(ruled)
    page.wait_for_selector("#list .row")
    session = page.context.new_cdp_session(page)
    page.evaluate(STORM, 200)
    before = counted(session)
    page.evaluate(STORM, 2000)
    assert counted(session) < before * 1.15
    rows = page.locator("#list .row").count()
    assert rows < 30, "an incident is one row"


def test_the_list_stays_under_a_hand_and_moves_only_for_news(
    ruled: Wall, bad: dict[str, int], open_page: Callable[..., Page]
) -> None:
    page = open_page(ruled)
    page.wait_for_selector("#list .row")
    second = page.locator("#list .row").nth(1).get_attribute("id")
    page.hover("#list .row >> nth=1")
    alarming.raise_alarm(ruled, "smoke", "smoke-b1-1")
    page.wait_for_selector(".moved")
    assert page.locator("#list .row").nth(1).get_attribute("id") == second
    page.mouse.move(5, 5)
    page.wait_for_selector("#list .row.new.critical")
    assert page.locator("#list .row.new").count() == 1
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.querySelector('#list .row.new')).animationName") == "none"


def test_a_quiet_park_has_an_empty_list(ruled: Wall, open_page: Callable[..., Page], show: Callable[..., Page]) -> None:
    page = open_page(ruled)
    page.wait_for_selector("#list .empty.well")
    picture(page, "alarms-calm-zh-1920")
    ruled.write(*day.minute(ruled))
    page = show(ruled)
    page.wait_for_selector("#alarms.fresh .empty")
    picture(page, "alarms-calm-wall-zh-1920")
