"""The wall on a bad day: danger keeps its colour, one cause is one finding, and what matters is named."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from pipeline.domain.message import Sample
from tests.screens import day
from tests.screens.conftest import Wall
from tests.screens.test_wall import MISFITS, classes


def smoking(wall: Wall) -> Any:
    return wall.message("smoke-b5-1", samples=[Sample("smoke-b5-1", wall.now, {"smoke": 1.0})])


def colour(page: Page, selector: str) -> tuple[str, list[str]]:
    """An element's own colour, and the filters on the way to it."""
    found = page.evaluate(
        "(selector) => { let e = document.querySelector(selector); const own = getComputedStyle(e).color;"
        " const filters = []; for (; e; e = e.parentElement) filters.push(getComputedStyle(e).filter);"
        " return [own, filters.filter((f) => f !== 'none')]; }",
        selector,
    )
    return found[0], found[1]


CHANGED = """async (name) => {
  const main = document.querySelector("script[type=module]").src;
  const at = (path) => import(main.replace(/main\\.js$/, path));
  const { applyTile, tiles } = await at("store.js");
  const { parkNow } = await at("clock.js");
  const begin = parkNow();
  const iso = (seconds) => new Date(begin - seconds * 1000).toISOString();
  const edit = (tile) => { /* change */ };
  const put = () => {
    if (tiles[name].peek()?.changed) return;
    const tile = structuredClone(tiles[name].peek() ?? { data: {} });
    edit(tile);
    applyTile({ name, ...tile, changed: true });
  };
  put();
  tiles[name].subscribe(() => queueMicrotask(put));
}"""


def change(page: Page, name: str, statements: str) -> None:
    """Gives a tile other data for as long as the page is open, whatever the stream says: statements on `tile`, where
    iso(n) is the park's time n seconds ago."""
    page.evaluate(CHANGED.replace("/* change */", statements), name)


def test_smoke_stays_red_when_its_data_are_old_and_when_the_server_is_gone(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None], console_errors: list[str]
) -> None:
    wall.write(*day.minute(wall), smoking(wall))
    page = show(wall)
    becomes(".verdict li.critical", "烟感报警 · 5号楼 大堂烟感")
    change(page, "sensors", "tile.as_of = iso(300)")
    change(page, "spaces", "tile.as_of = iso(300)")
    page.wait_for_selector("#sensors.stale")
    page.wait_for_selector("#map.stale")
    becomes(".verdict li.critical", "最后所知 14:3")
    wall.stop()
    page.wait_for_selector("main.lost", timeout=15_000)
    becomes(".verdict li:first-child", "烟感报警 · 5号楼 大堂烟感")
    becomes(".verdict li:first-child", "最后所知 14:3")
    becomes(".headline", "画面已过时")
    assert "critical" in classes(page, ".verdict")
    for selector in (
        ".verdict li.critical",
        "#map .label.critical",
        "#map .solid.critical",
        "#sensors .critical .value",
    ):
        assert colour(page, selector)[1] == [], selector
    assert colour(page, ".verdict li.critical")[0] == "rgb(255, 107, 107)"
    assert colour(page, "#map .solid:not(.critical)")[1] == ["saturate(0)"]
    page.goto("about:blank")
    console_errors[:] = [e for e in console_errors if "Failed to load resource" not in e]


def test_an_intake_that_stands_still_is_one_finding(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall), smoking(wall))
    page = show(wall)
    page.wait_for_selector(".verdict li.critical")
    offline = "tile.data.buildings.forEach((b) => { b.offline = 3; })"
    change(page, "spaces", offline)
    page.wait_for_selector(".verdict li >> text=离线")
    change(page, "ingest", "tile.as_of = tile.data.last_batch = iso(41)")
    becomes(".verdict li:nth-child(2)", "秒没有数据：采集或消息服务？")
    assert "critical" in classes(page, ".verdict li:first-child")
    assert page.locator(".verdict li.high").count() == 1
    assert "离线" not in page.inner_text(".verdict")
    becomes(".live.gone", "秒无数据接入")
    becomes("#figure-ingest .big", "—")
    assert {"high", "stale"} <= classes(page, "#figure-ingest")
    assert page.locator("#map .label.gate >> text=进 — 出 —").count() > 0
    assert page.locator("#map .label.gate >> text=/进 [0-9]/").count() == 0


def test_intake_that_lags_is_amber_before_it_is_stale(wall: Wall, show: Callable[..., Page]) -> None:
    wall.write(*day.minute(wall))
    page = show(wall)
    change(page, "ingest", "tile.as_of = tile.data.last_batch = iso(0); tile.data.lag_s = 11")
    page.wait_for_selector("#figure-ingest.high.fresh")
    assert "—" not in page.inner_text("#figure-ingest .big")


def test_a_forced_door_is_named_and_stands_on_the_map(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    page = show(wall, lang="en")
    change(page, "people", "for (const gate of tile.data.gates) delete gate.door")
    page.wait_for_selector("#map .entrance:not(.alarm)")
    assert page.locator("#map .entrance.alarm").count() == 0
    doors = (
        "const door = (id, state) => { tile.data.gates.find((g) => g.device_id === id).door = { state, at: iso(5) }; };"
        " for (const gate of tile.data.gates) gate.door = null;"
        " door('gate-east-1', 'forced-open'); door('gate-west-1', 'door-open-too-long');"
        " door('gate-north-1', 'normal');"
    )
    page.reload()
    page.wait_for_selector("main.stream-live #map .solid")
    change(page, "people", doors)
    page.wait_for_selector(".verdict li.high >> text=/forced open · East Gate/")
    page.wait_for_selector(".verdict li.medium >> text=/open too long · West Gate/")
    assert page.locator("#map .entrance.alarm.high").count() == 1
    assert page.locator("#map .entrance.alarm.medium").count() == 1


def test_the_worst_is_said_in_large_letters_and_four_things_are_seen(wall: Wall, show: Callable[..., Page]) -> None:
    wall.write(*day.minute(wall), smoking(wall))
    page = show(wall, lang="en")
    page.set_viewport_size({"width": 1920, "height": 1080})
    many = "tile.data.buildings.forEach((b) => { b.offline = 2; })"
    change(page, "spaces", many)
    page.wait_for_selector(".headline .more")
    assert page.locator(".verdict li").count() == 4
    sizes = "[...document.querySelectorAll('.verdict li')].map((e) => parseFloat(getComputedStyle(e).fontSize))"
    assert page.evaluate(sizes)[0] >= 24
    assert page.evaluate(MISFITS) == []
    boxes = "['rect', 'text'].map((n) => document.querySelector(`#map .label.critical ${n}`).getBoundingClientRect())"
    assert page.evaluate(f"() => {{ const [r, t] = {boxes}; return t.left >= r.left && t.right <= r.right; }}")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_selector("#map .mark-offline.critical")
    assert page.locator("#map .mark-offline").count() == page.locator("#map .solid").count()


def test_events_that_came_together_are_counted_and_a_leak_has_its_colour(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    page = show(wall)
    events = (
        "const of = (id, more) => ({ id, at: iso(9), device_id: 'leak-b5-servers', name: { zh: '机房', en: 'Servers' },"
        " building: null, direction: null, count: 1, ...more });"
        " tile.data.items = [of('1', { kind: 'transition', label: 'online', detail: 'heard', count: 166 }),"
        " of('2', { kind: 'sensor', label: 'leak', detail: 'began' }),"
        " of('3', { kind: 'sensor', label: 'leak', detail: 'ended' })];"
    )
    change(page, "events", events)
    becomes("#events li:nth-child(1) .name", "166 台设备恢复上报")
    becomes("#events li:nth-child(2) .about", "漏水 开始")
    becomes("#events li:nth-child(3) .about", "漏水 结束")
    assert page.locator("#events .tag.critical").count() == 1


def test_a_device_that_nobody_registered_is_said_to_be_one(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    page = show(wall, lang="en")
    smoke = (
        "tile.data.items = [{ device_id: 'smoke-x', name: null, building: null, point: 'smoke', unit: '1', value: 1,"
        " ts: iso(5), low: null, high: null, quality: 'good', provisional: true }];"
    )
    change(page, "sensors", smoke)
    becomes("#sensors .critical .place", "unregistered device")
    becomes("#sensors .critical time", "14:3")
    becomes(".verdict li.critical", "smoke · smoke-x (unregistered device)")


def test_the_longest_silent_counts_from_when_it_was_heard(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(*day.minute(wall))
    page = show(wall, lang="en")
    silent = "tile.data.offline_devices = [{ device_id: 'x', name: 'X', since: iso(60), heard: iso(7260) }]"
    change(page, "health", silent)
    becomes("#health .rows .when", "2 h 1 min")
    one = "tile.data.conflicts_today = 1"
    change(page, "ingest", one)
    becomes("#figure-ingest .line", "1 conflict ·")
