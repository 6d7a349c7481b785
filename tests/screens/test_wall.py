"""The overview as an operator sees it: everything fits, unknown looks unknown, stale looks stale, news arrives."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from pipeline.domain.access import AccessEvent, AccessKind, Direction
from pipeline.domain.message import ConnectionState, Sample, StatusReport
from tests.conftest import wait_until
from tests.screens import day
from tests.screens.conftest import Wall

# Text that is wider than its place, that sticks out of its tile, or that makes the page scroll (a phone scrolls down).
# What a list keeps for a larger screen stands in a column that is not seen.
MISFITS = """() => {
  const page = document.documentElement;
  const found = page.scrollWidth > page.clientWidth ? ["scrolls to the right"] : [];
  if (page.clientWidth > 900 && page.scrollHeight > page.clientHeight) found.push("scrolls down");
  for (const e of document.querySelectorAll("main *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    const box = e.getBoundingClientRect();
    if (!own || !box.width || e.localName === "title" || e.matches(".map h2, .alarm > *")) continue;
    const tile = e.closest(".tile, .head, .answer, .foot").getBoundingClientRect();
    const list = e.closest(".rows")?.getBoundingClientRect();
    if (list && box.left >= list.right - 1) continue;
    const narrow = !e.closest("svg") && getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1;
    const out = box.left < tile.left - 1 || box.right > tile.right + 1 || box.bottom > tile.bottom + 1;
    if (narrow || out) found.push(e.textContent.trim());
  }
  return found;
}"""


def classes(page: Page, selector: str) -> set[str]:
    return set((page.get_attribute(selector, "class") or "").split())


def person(wall: Wall, gate: str, way: Direction) -> Any:
    return wall.message(gate, events=[AccessEvent(wall.now, AccessKind.PASSAGE, direction=way, count=1)])


def test_a_full_wall_fits_its_screen(wall: Wall, show: Callable[..., Page], page: Page) -> None:
    wall.write(*day.minute(wall))
    online = str(len(wall.devices) - len(day.SILENT))
    for lang in ("zh", "en"):
        show(wall, lang=lang)
        wait_until(lambda: page.inner_text("#figure-devices b") == online, within=15, what="all devices online")
        for width, height in ((1920, 1080), (2560, 1440), (3840, 2160), (1366, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            wait_until(
                lambda: page.evaluate(MISFITS) == [], within=5, what=f"{lang}, {width} px: {page.evaluate(MISFITS)}"
            )


def test_what_was_never_heard_is_unknown_and_not_nought(silent: Wall, show: Callable[..., Page]) -> None:
    page = show(silent)
    for figure in ("people", "power", "energy", "ingest"):
        assert "never" in classes(page, f"#figure-{figure}"), figure
        assert "未知" in page.inner_text(f"#figure-{figure} .big"), figure
        assert "0" not in page.inner_text(f"#figure-{figure} .big"), figure
    assert "never" in classes(page, "#map")
    assert page.inner_text(".headline") == "情况未知"
    assert page.locator("#map .solid.stale").count() == page.locator("#map .solid").count()
    assert page.locator("#map .entrance:not(.unknown)").count() == 0


def test_a_person_who_goes_in_is_seen_at_once(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    wall.write(person(wall, "gate-east-1", Direction.IN))
    page = show(wall)
    becomes("#figure-people .figure", "1")
    page.evaluate("window.kept = document.querySelector('#map .roof')")
    nodes = page.evaluate("document.querySelectorAll('#map *').length")
    wall.write(*(person(wall, "gate-east-2", Direction.IN) for _ in range(3)))
    becomes("#figure-people .figure", "4")
    assert page.evaluate("window.kept === document.querySelector('#map .roof')"), "the map is drawn anew each time"
    assert page.evaluate("document.querySelectorAll('#map *').length") <= nodes + 2


def test_a_tile_whose_data_are_old_goes_grey(wall: Wall, show: Callable[..., Page]) -> None:
    meter = next(d for d in wall.park.devices if any(p.role == "main" for p in d.points))
    old = Sample(meter.device_id, wall.ago(600), {"active_power": 80.0})
    alive = StatusReport(wall.now, ConnectionState.ONLINE)
    wall.write(wall.message(meter.device_id, samples=[old]), wall.message("gw-b1", events=[alive]))
    page = show(wall)
    page.wait_for_selector("#power.stale")
    assert "陈旧 10 分" in page.inner_text("#power .age")
    assert "stale" not in classes(page, "#health")
    assert page.evaluate("getComputedStyle(document.querySelector('#power .chart')).filter") == "saturate(0)"
    assert "用电" in page.inner_text(".verdict")


def test_smoke_is_the_first_thing_said(wall: Wall, show: Callable[..., Page], becomes: Callable[..., None]) -> None:
    wall.write(*day.minute(wall))
    page = show(wall)
    page.wait_for_selector(".verdict:not(.critical)")
    smoke = Sample("smoke-b5-1", wall.now, {"smoke": 1.0})
    wall.write(wall.message("smoke-b5-1", samples=[smoke]))
    becomes(".verdict li.critical", "烟感报警 · 5号楼 大堂烟感")
    page.wait_for_selector("#map .solid.critical")
    assert page.locator("#map .solid.critical").count() == 1
    assert "5号楼" in (page.text_content("#map .label.critical") or "")


def test_reduced_motion_is_honoured(silent: Wall, show: Callable[..., Page], page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    show(silent)
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.headline')).animationName") == "none"


def test_a_name_from_the_park_file_is_text_and_nothing_else(wall: Wall, show: Callable[..., Page]) -> None:
    wall.conn.execute("update smartpark.space set name_zh = '<img src=x onerror=alert(1)>' where space_id = 'b5'")
    page = show(wall)
    page.wait_for_selector("#map text >> text=<img src=x")
    assert page.locator("img").count() == 0
