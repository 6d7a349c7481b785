"""The page /intake at 3 a.m.: where messages are stuck, who misbehaves, and nothing green that nobody knows."""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from pipeline.domain.message import DeadLetter
from pipeline.store import floods
from tests.conftest import wait_until
from tests.screens import day
from tests.screens.conftest import Wall
from tests.screens.test_wall import MISFITS, classes

LANES = ("meter", "gate", "scanner", "sensor", "gateway")


@pytest.fixture
def open_intake(page: Page) -> Callable[..., Page]:
    """`open_intake(wall, lang="zh")`: the page, once its stream lives."""

    def open_(wall: Wall, *, lang: str = "zh") -> Page:
        page.goto(f"{wall.url}/intake?lang={lang}")
        page.wait_for_selector("main.stream-live #stage-commit:not(.waiting)", timeout=30_000)
        return page

    return open_


def fits(page: Page, what: str) -> None:
    wait_until(lambda: page.evaluate(MISFITS) == [], within=5, what=f"{what}: {page.evaluate(MISFITS)}")


def collectors_speak(wall: Wall, *, down: tuple[str, ...] = (), ago_s: float = 2) -> None:
    for name in LANES:
        state = floods.LaneState(name, wall.ago(ago_s), name not in down, 3, 0.2)
        floods.keep_lane(wall.conn, state)


def misbehave(wall: Wall) -> None:
    """14 meters with a new firmware that nobody can read; one flooding sensor, limited; a clock eight hours ahead."""
    minute = wall.now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    meters = [d.device_id for d in wall.park.devices if d.family == "meter"][:14]
    wall.conn.execute(
        "update smartpark.device_state set firmware = '2.1.7' where device in"
        " (select device from smartpark.device where device_id = any (%s))",
        [meters],
    )
    letters = [
        DeadLetter(wall.ago(5), "missing-key", "no values", b"x", wall.park.park_id, d, d.encode()) for d in meters
    ]
    park = wall.park.park_id
    floods.keep_rejects(wall.conn, "test", {(minute, park, d, "missing-key"): 6 for d in meters})
    floods.keep_rejects(wall.conn, "test", {(minute, None, None, "bad-topic"): 3})
    rates = {(minute, (park, d)): 6 for d in meters} | {(minute, (park, "room-b2-03")): 4200}
    floods.keep_rates(wall.conn, "test", rates, peaks={(park, "room-b2-03"): 81.0})
    floods.limit(wall.conn, (park, "room-b2-03"), 60, now=wall.now, until=wall.now + timedelta(hours=2), reason="loop")
    floods.keep_limited(wall.conn, "test", {(minute, (park, "room-b2-03")): 3900})
    wall.conn.execute(
        "insert into smartpark.device_clock (device, fault, offset_s, since, last_seen, count, claimed, received,"
        " reason) select device, 'zone-as-utc', 28800, %(at)s, %(at)s, 40, %(at)s, %(at)s, 'x'"
        " from smartpark.device where device_id = 'room-b1-02'",
        {"at": wall.ago(600)},
    )
    wall.write_letters(letters)


def test_who_misbehaves_is_named_and_the_page_fits(
    wall: Wall, open_intake: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    wall.conn.execute(  # half an hour of minutes
        "insert into smartpark.ingest_batch (at, lane, messages, readings, events, duplicates, conflicts, dead_letters,"
        " unidentified, oldest) select %(now)s - n * interval '1 minute', 'test', 400 + 40 * (n %% 7), 1200, 0, 0, 0,"
        " case n when 3 then 120 when 4 then 80 else 0 end, 0, null from generate_series(30, 1, -1) n",
        {"now": wall.now},
    )
    wall.write(*day.minute(wall))
    collectors_speak(wall)
    misbehave(wall)
    for lang, sentence in (
        ("zh", "14 台固件 2.1.7 的设备消息不可解析：缺少字段"),
        ("en", "14 devices with firmware 2.1.7"),
    ):
        page = open_intake(wall, lang=lang)
        becomes("#conditions .condition.high", sentence)
        becomes("#talkers .rows li:first-child", "60")
        becomes("#talkers .rows li:first-child", "3,900")
        becomes("#clocks .rows li", "+8")
        becomes("#rejects .hint code", "park replay --reason missing-key")
        assert page.locator("#rejects .rows li").count() == 10
        for width, height in ((1920, 1080), (3840, 2160), (1366, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            if folder := os.environ.get("PARK_TEST_PICTURES"):
                page.screenshot(path=f"{folder}/intake-{lang}-{width}.png", full_page=width < 900)
            fits(page, f"{lang}, {width} px")
        page.set_viewport_size({"width": 1920, "height": 1080})


def test_what_nobody_knows_is_not_green(silent: Wall, open_intake: Callable[..., Page]) -> None:
    page = open_intake(silent, lang="en")
    page.wait_for_selector(".answer.stale >> text=Not known")
    for stage in ("device", "broker", "inbox", "spool", "commit"):
        assert "never" in classes(page, f"#stage-{stage}"), stage
        assert "unknown" in page.inner_text(f"#stage-{stage} .big"), stage
    assert page.inner_text("#lanes .empty") == "no data yet"


def test_a_lane_that_is_not_connected_is_where_messages_are_stuck(
    wall: Wall, open_intake: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    collectors_speak(wall)
    page = open_intake(wall, lang="en")
    becomes(".answer.well", "nothing is stuck")
    collectors_speak(wall, down=("gate",), ago_s=0)
    becomes(".answer.high", "Stuck at: Broker")
    becomes("#stage-broker.high .line", "not connected: gate")
    assert page.locator("#lanes .tag.high").count() == 1


def test_a_collector_that_says_nothing_any_more_is_unknown(
    wall: Wall, open_intake: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    collectors_speak(wall, ago_s=45)
    page = open_intake(wall, lang="en")
    page.wait_for_selector("#stage-broker.stale")
    becomes(".answer.stale", "Not known: ")
    assert page.locator("#lanes .tag.dashed").count() >= len(LANES)


def test_a_condition_reaches_the_wall_and_the_wall_leads_here(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    collectors_speak(wall)
    page = show(wall, lang="en")
    misbehave(wall)
    becomes(".verdict li.high", "14 devices with firmware 2.1.7 cannot be read: a key is missing")
    page.click("#figure-ingest h2 a")
    page.wait_for_selector("main.intake.stream-live")
    becomes(".head h1", "Intake")
    page.click(".answer a")
    page.wait_for_selector("main.stream-live #map .solid")
