"""The page /alarm-quality: figures beside their targets, colour for what misses, nothing good that nobody knows."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from pipeline.domain.message import Sample
from pipeline.store.database import connect
from tests.conftest import wait_until
from tests.noise import Noisy
from tests.screens import day
from tests.screens.conftest import Wall
from tests.screens.test_wall import MISFITS, classes

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RULES = (
    # id, device, point, priority, position, raised every (hours), for (minutes)
    ("tank-level-high", "tank-roof", None, "medium", "operations", 40, 2),
    ("room-co2", "room-b1-02", None, "low", "operations", 9, 50),
    ("supply-air-warm", "meter-b1-main", "active_power", "high", "operations", 55, 70),
    ("door-held", "gate-east-1", None, "low", "security", 30, 3),
)


@pytest.fixture
def noisy(wall: Wall, database: str) -> Iterator[Noisy]:
    with connect(database) as conn:
        conn.autocommit = True
        yield Noisy(conn, wall.park.park_id)


@pytest.fixture
def open_quality(page: Page) -> Callable[..., Page]:
    """`open_quality(wall, lang="zh", days=30)`: the page, once it was answered."""

    def open_(wall: Wall, *, lang: str = "zh", days: int = 30) -> Page:
        page.goto(f"{wall.url}/alarm-quality?lang={lang}&days={days}")
        page.wait_for_selector("main.quality.stream-live.answered", timeout=30_000)
        return page

    return open_


def hear(wall: Wall, days: int) -> None:
    """A meter was heard all the time, and everything else now."""
    times = [wall.now - n * HOUR / 2 for n in range(1, 48 * days)]
    meter = "meter-b1-main"
    samples = [Sample(meter, t, {"active_power": 90.0}) for t in reversed(times)]
    wall.write(wall.message(meter, samples=samples), *day.minute(wall))


def month(wall: Wall, noisy: Noisy) -> datetime:
    """Thirty days: what comes regularly, a level switch that flutters, a bad hour with a flood; its last alarm."""
    now = wall.now
    start = now - 32 * DAY
    devices = [d.device_id for d in wall.park.devices]
    for rule_id, device, point, priority, position, every, minutes in RULES:
        rule = noisy.rule(f"my-{rule_id}", priority=priority, position=position, at=start)
        watch = noisy.watch(rule, device if device in devices else "room-b1-03", point)
        at = start + 2 * DAY + HOUR
        while at < now - 2 * HOUR:
            (alarm,) = noisy.raise_(watch, at=at)
            noisy.acknowledge(alarm, at=at + timedelta(minutes=4))
            noisy.return_(watch, at=at + timedelta(minutes=minutes))
            if rule_id == "tank-level-high":
                for n in range(1, 5):
                    noisy.pulse(watch, at=at + timedelta(seconds=150 + 18 * n), seconds=6)
                noisy.acknowledge(alarm, at=at + timedelta(minutes=9))
            at += every * HOUR
    flood_ends = burst(noisy, wall, now - 9 * DAY, 26)
    burst(noisy, wall, now - 5 * HOUR, 13)
    stale = noisy.watch(noisy.rule("my-filter", priority="low", at=start), "room-b1-04")
    noisy.raise_(stale, at=now - 6 * DAY)
    return flood_ends


def burst(noisy: Noisy, wall: Wall, at: datetime, count: int) -> datetime:
    """So many gateways' rooms are lost, seven seconds apart; when the last is."""
    rule = noisy.rule(f"my-lost-{count}", kind="no-data", priority="medium", at=at - 23 * DAY)
    devices = [d.device_id for d in wall.park.devices if d.device_id.startswith("room-")][:count]
    watches = [noisy.watch(rule, device) for device in devices]
    for n, watch in enumerate(watches):
        (alarm,) = noisy.raise_(watch, at=at + timedelta(seconds=7 * n))
        noisy.acknowledge(alarm, at=at + timedelta(minutes=12, seconds=n))
        noisy.return_(watch, at=at + timedelta(minutes=30))
    return at + timedelta(seconds=7 * (len(watches) - 1))


def fits(page: Page, what: str) -> None:
    wait_until(lambda: page.evaluate(MISFITS) == [], within=5, what=f"{what}: {page.evaluate(MISFITS)}")


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PARK_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/quality-{name}.png", full_page=page.viewport_size["width"] < 900)  # type: ignore[index]


def test_what_misses_its_target_is_told_and_what_would_help(
    wall: Wall, noisy: Noisy, open_quality: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    flood_ends = month(wall, noisy)
    hear(wall, 31)
    for lang, sentence, advice in (
        ("zh", "未达标", "恢复延时设为"),
        ("en", "figures miss their target", "Off-delay of"),
    ):
        page = open_quality(wall, lang=lang)
        becomes(".answer.high .headline", sentence)
        picture(page, f"{lang}-1920")
        becomes("#nuisances .rows", advice)
        assert "high" in classes(page, "#measure-peak")
        assert page.inner_text("#measure-peak .figure b") == "26"
        becomes("#measure-peak .line", flood_ends.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%H:%M"))
        becomes("#measure-stale .line", "6")
        assert page.locator("#strip .flood").count() == 2
        assert page.locator("#measure-average .tag").count() == 0  # meets its target: no colour, no word
        for width, height in ((1920, 1080), (3840, 2160), (1366, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{lang}-{width}")
            fits(page, f"{lang}, {width} px")
        page.set_viewport_size({"width": 1920, "height": 1080})


def test_span_and_position_are_chosen_and_stay_in_the_address(
    wall: Wall, noisy: Noisy, open_quality: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    month(wall, noisy)
    hear(wall, 31)
    page = open_quality(wall, lang="en", days=7)
    becomes("#measure-peak .figure", "13")
    page.click(".choices[aria-label='Operator position'] button:last-child")
    becomes("#nuisances .rows", "My door held")
    page.click(".choices button:text('24 h')")
    becomes("#strip .note", "alarms in 10 min")
    page.wait_for_selector("#strip .limit", state="attached")
    assert "days=1" in page.url
    picture(page, "en-24h")
    page.click(".choices button:text('7 days')")
    page.reload()
    page.wait_for_selector("main.quality.answered")
    becomes("#nuisances .rows", "My door held")


def test_what_nobody_knows_is_neither_good_nor_nought(
    wall: Wall, noisy: Noisy, open_quality: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    noisy.watch(noisy.rule("my-new", at=wall.now - 3 * DAY, position="night"), "room-b1-02")
    page = open_quality(wall, lang="en")
    page.click(".choices button:text('night')")
    becomes(".answer.stale .headline", "cannot be judged yet")
    for figure in ("average", "peak", "flood", "top_10", "chattering"):
        assert "unsure" in classes(page, f"#measure-{figure}"), figure
    becomes("#measure-average .tag", "since 17 Nov only")
    assert "unknown" in page.inner_text("#measure-average .big")
    assert page.locator("#strip .notKnown").count() == 1
    picture(page, "en-unknown")
    fits(page, "unknown")
