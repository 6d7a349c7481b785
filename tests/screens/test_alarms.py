"""The page /alarms: what comes up comes up by itself, what people do is said to all, and nothing pretends."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from simulators.servers.proxy import Proxy
from tests.screens import alarming, day
from tests.screens.conftest import Wall
from tests.screens.test_stream import forgive
from tests.screens.test_wall import classes

# Text that is wider than its place or sticks out of the page; what scrolls inside a pane may be longer than it.
MISFITS = """() => {
  const page = document.documentElement;
  const found = page.scrollWidth > page.clientWidth ? ["scrolls to the right"] : [];
  for (const e of document.querySelectorAll("main *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    const box = e.getBoundingClientRect();
    if (!own || !box.width || e.closest("svg, .states")) continue;
    const style = getComputedStyle(e);
    const cut = style.display !== "inline" && e.scrollWidth > e.clientWidth + 1 && style.textOverflow !== "ellipsis";
    if (cut || box.left < -1 || box.right > page.clientWidth + 1) found.push(e.textContent.trim());
  }
  return found;
}"""
NAME = "王磊"


@pytest.fixture
def ruled(wall: Wall) -> Wall:
    """The park, in which every device has just spoken, with rules of which nothing is in breach."""
    alarming.put_rules(wall)
    wall.write(*day.minute(wall))
    return wall


@pytest.fixture
def open_page(page: Page) -> Callable[..., Page]:
    """`open_page(wall, lang="zh", alarm=…)`: the page, once its stream lives and the list was read."""

    def open_(wall: Wall, *, lang: str = "zh", alarm: int | None = None, port: int | None = None) -> Page:
        alarming.keep_fresh(wall)
        page.goto(f"http://127.0.0.1:{port or wall.port}/alarms?lang={lang}" + (f"&alarm={alarm}" if alarm else ""))
        page.wait_for_selector("main.alarms-page.stream-live #list .rows li", state="attached", timeout=30_000)
        return page

    return open_


@pytest.fixture
def colleague(page: Page) -> Iterator[Page]:
    """Somebody else's browser, with its own storage."""
    assert page.context.browser
    context = page.context.browser.new_context(locale="zh-CN")
    yield context.new_page()
    context.close()


def sign(page: Page, name: str = NAME) -> None:
    """Gives the name that the page asks for."""
    page.fill(".ask input", name)
    page.click(".ask .primary")


def test_an_alarm_that_is_raised_comes_up_by_itself_and_goes_by_itself(
    ruled: Wall, open_page: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    page = open_page(ruled)
    page.wait_for_selector("#list .empty.well >> text=没有未关闭的报警")
    number = alarming.raise_alarm(ruled, "pump-pressure-high", "pump-b5-1", ago_s=3, held_s=30)
    page.wait_for_selector(f"#row-{number}.high.open.new")
    becomes(f"#row-{number}", "水泵出口压力过高 · 5号楼 1号水泵")
    becomes(f"#row-{number} .about", "压力 11.2 bar，高于 10 bar，持续 30 秒")
    becomes(".sum", "1 条未关闭 · 1 条未确认")
    assert page.evaluate("document.title").startswith("(1)")
    alarming.return_alarm(ruled, "pump-pressure-high", "pump-b5-1")
    becomes(f"#row-{number} .who", "已恢复，未确认")


def test_why_what_to_do_and_when_are_said_in_both_languages(
    ruled: Wall, open_page: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    number = alarming.raise_alarm(ruled, "leak", "leak-b5-servers", ago_s=400, late_s=260)
    page = open_page(ruled, lang="en", alarm=number)
    becomes("#detail h2", "Water leak")
    becomes("#detail .late", "4 min late")
    becomes("#detail .standing .left", "2 min left")  # since it was put before people
    becomes("#detail .steps", "Go and look")
    assert page.locator("#detail .steps li").count() == 2
    becomes("#detail .now b", "dry")
    page.wait_for_selector("#trend svg .spell")
    becomes("#detail .journal", "raised")
    page = open_page(ruled, alarm=number)
    becomes("#detail .steps", "到现场查看")
    becomes("#detail .late", "迟 4 分")


def test_who_acknowledged_is_shown_and_kept(
    ruled: Wall, open_page: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    number = alarming.raise_alarm(ruled, "pump-pressure-high", "pump-b5-1")
    page = open_page(ruled, alarm=number)
    page.wait_for_selector("#acts .first .primary")
    page.keyboard.press("a")
    sign(page)
    becomes("#detail .standing", f"{NAME} 已确认")
    page.wait_for_selector("#acts .first", state="detached")
    becomes(f"#row-{number} .who", f"{NAME} 已确认")
    page.reload()
    becomes("#detail .standing", f"{NAME} 已确认")
    becomes("#detail .journal", NAME)
    becomes(".actor", NAME)
    page.keyboard.press("c")
    page.fill("#acts textarea", "已关总阀")
    page.click("#acts .form .do")
    becomes("#detail .journal", "已关总阀")
    assert page.locator("#acts .form").count() == 0


def test_the_second_who_acknowledges_is_told_who_was_first(
    ruled: Wall, open_page: Callable[..., Page], becomes: Callable[..., None], colleague: Page
) -> None:
    number = alarming.raise_alarm(ruled, "door-forced", "gate-b2-1")
    page = open_page(ruled, alarm=number)
    page.click("#acts .first .primary")
    page.fill(".ask input", NAME)  # and while the name is being typed …
    colleague.goto(f"{ruled.url}/alarms?lang=zh&alarm={number}")
    colleague.click("#acts .first .primary")
    sign(colleague, "赵敏")
    colleague.wait_for_selector("#detail .standing >> text=赵敏 已确认")
    becomes("#detail .standing", "赵敏 已确认")  # the first browser hears of it by itself
    page.click(".ask .primary")
    becomes("#acts .said", "赵敏 已于")
    becomes("#detail .journal", "赵敏")
    assert NAME not in page.inner_text("#detail .journal")


def test_several_are_acknowledged_at_once_and_an_incident_is_one_row(
    ruled: Wall, open_page: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    numbers = [alarming.raise_alarm(ruled, "device-lost", f"gate-east-{n}", ago_s=60 - n) for n in range(1, 4)]
    root = alarming.raise_alarm(ruled, "gateway-lost", "gw-east", ago_s=80)
    alarming.group(ruled, root, [root, *numbers])
    page = open_page(ruled, lang="en")
    page.wait_for_selector("#list .incident >> text=East Gate gateway lost: 4 alarms")
    assert page.locator("#list .row").count() == 1
    page.click("#list .incident .face")
    assert page.locator("#list .row.inner").count() == 4
    page.check("#list .incident input")
    page.click(".many .primary")
    sign(page, "Li Ming")
    becomes("#list .incident .about", "0 unacknowledged")
    page.wait_for_selector(".many", state="detached")


def test_life_safety_is_neither_shelved_nor_taken_out(
    ruled: Wall, open_page: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    smoke = alarming.raise_alarm(ruled, "smoke", "smoke-b3-2")
    pump = alarming.raise_alarm(ruled, "pump-pressure-high", "pump-b5-1")
    page = open_page(ruled, lang="en", alarm=smoke)
    becomes("#acts .why-not", "Life safety: cannot be shelved")
    page.keyboard.press("s")
    page.keyboard.press("o")
    assert page.locator("#acts .form, #acts button >> text=/Shelve|Out of service/").count() == 0
    assert page.locator("#list .row").first.get_attribute("id") == f"row-{smoke}"
    page.click(f"#row-{pump} .face")
    page.wait_for_selector("#acts >> text=Shelve…")
    page.keyboard.press("s")
    buttons = page.locator("#acts .form .do")
    assert all(buttons.nth(n).is_disabled() for n in range(buttons.count())), "a shelf needs a reason"
    page.fill("#acts .form input", "valve is being replaced")
    buttons.nth(1).click()
    sign(page, "Li Ming")
    becomes("#detail .held", "valve is being replaced")
    page.click(".states >> text=Held")
    page.wait_for_selector(f"#row-{pump}.held")
    page.click("#acts .first .primary")
    page.wait_for_selector("#detail .held", state="detached")
    becomes("#detail .standing", "unacknowledged")


def test_what_could_not_be_sent_is_said_and_nothing_that_was_typed_is_lost(
    ruled: Wall,
    open_page: Callable[..., Page],
    becomes: Callable[..., None],
    cut: Callable[[int], Proxy],
    console_errors: list[str],
) -> None:
    number = alarming.raise_alarm(ruled, "pump-pressure-high", "pump-b5-1")
    proxy = cut(ruled.port)
    page = open_page(ruled, alarm=number, port=proxy.port)
    page.evaluate(f"localStorage.setItem('park-actor', '{NAME}')")
    page.reload()
    page.wait_for_selector("#acts .first .primary")
    page.keyboard.press("c")
    page.fill("#acts textarea", "阀门已关")
    proxy.cut()
    page.wait_for_selector("main.lost .banner", timeout=20_000)
    page.click("#acts .form .do >> nth=1")
    becomes("#acts .said", "没有发出")
    becomes(".banner", "没有发出：确认 1 条")
    assert page.input_value("#acts textarea") == "阀门已关"
    assert "无人确认" in page.inner_text(f"#row-{number} .who"), "it must not look done"
    assert "stale" in classes(page, "#list")
    proxy.heal()
    page.wait_for_selector("main.stream-live:not(.lost)", timeout=40_000)
    becomes(".banner", "没有发出：确认 1 条")
    page.click(".banner >> text=重试")
    becomes("#detail .standing", f"{NAME} 已确认")
    becomes("#detail .journal", "阀门已关")
    page.wait_for_selector(".banner", state="detached")
    forgive(page, console_errors)
