"""A wall hangs for months: it must neither grow nor fade, and start over by itself at night."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import CDPSession, Page

from tests.screens import day
from tests.screens.conftest import Wall

# Every tile with other figures, as fast as the page can draw them.
STORM = """async (rounds) => {
  const main = document.querySelector("script[type=module]").src;
  const { applyTile, tiles } = await import(main.replace(/main\\.js$/, "store.js"));
  for (let i = 0; i < rounds; i += 1) {
    for (const [name, tile] of Object.entries(tiles)) {
      const data = structuredClone(tile.peek()?.data ?? {});
      for (const key of Object.keys(data)) if (typeof data[key] === "number") data[key] += i % 7;
      for (const gate of data.gates ?? []) gate.in_per_min = i % 9;
      for (const [n, item] of (data.items ?? []).entries()) if (name === "events") item.id = `${i}-${n}`;
      applyTile({ name, ...tile.peek(), data });
    }
    await new Promise(requestAnimationFrame);
  }
}"""
# What text must be read against: the nearest background that is not see-through.
FAINT = """() => {
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const faint = [];
  for (const e of document.querySelectorAll("main *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    if (!own || e.localName === "title" || !e.getBoundingClientRect().width) continue;
    const style = getComputedStyle(e);
    let behind = e;
    const ground = () => parse(getComputedStyle(behind).backgroundColor);
    while (behind !== document.body && ground()[3] === 0) behind = behind.parentElement;
    const [a, b] = [light(parse(e.closest("svg") ? style.fill : style.color)), light(ground())];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const boxed = e.closest(".label.critical");
    if (ratio < 4.5 && !boxed) faint.push(`${e.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


def counted(session: CDPSession) -> int:
    """DOM nodes alive after a garbage collection, detached ones included."""
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Memory.getDOMCounters")["nodes"])


def test_a_thousand_updates_leave_nothing_behind(wall: Wall, show: Callable[..., Page]) -> None:
    wall.write(*day.minute(wall))
    page = show(wall)
    session = page.context.new_cdp_session(page)
    page.evaluate(STORM, 50)
    before = counted(session)
    page.evaluate(STORM, 300)
    assert counted(session) < before * 1.1


def test_all_text_can_be_read_against_what_is_behind_it(wall: Wall, silent: Wall, show: Callable[..., Page]) -> None:
    wall.write(*day.minute(wall))
    assert show(wall).evaluate(FAINT) == []
    assert show(silent).evaluate(FAINT) == []


def test_the_wall_starts_over_at_night(database: str, tmp_path: Path, show: Callable[..., Page]) -> None:
    """Between 03:30 and 03:50 park time, under a clock that runs 600 times as fast."""
    wall = Wall(database, tmp_path, clock="2026-11-20T01:00:00+08:00@600")
    wall.start()
    page = show(wall)
    with page.expect_navigation(timeout=60_000):
        pass
    page.wait_for_selector("main.stream-live")
    assert "03:30" <= page.inner_text(".clock") < "06:00"
    page.goto("about:blank")  # before its server goes
    wall.close()
