"""The page and its stream: what it does when the server goes, hangs, comes back, or has another build."""

from collections.abc import Callable

from playwright.sync_api import Page

from api.screens.build import build_id
from simulators.servers.proxy import Proxy
from tests.screens.conftest import Wall

LOST = "main.stream-lost.lost"
LIVE = "main.stream-live:not(.lost)"


def forgive(page: Page, console_errors: list[str]) -> None:
    """Leaves the page, and forgets what Chromium itself tells the console: that connections were refused or ended."""
    page.goto("about:blank")
    console_errors[:] = [e for e in console_errors if "Failed to load resource" not in e]


def test_the_wall_goes_stale_with_its_server_and_comes_back_with_it(
    wall: Wall, show: Callable[..., Page], console_errors: list[str]
) -> None:
    page = show(wall)
    wall.stop()
    page.wait_for_selector(LOST, timeout=15_000)
    assert page.inner_text(".headline") == "画面已过时"
    assert page.locator(".tile:not(.stale)").count() == 0, "unknown is never shown as fine"
    wall.start()
    page.wait_for_selector(LIVE, timeout=30_000)
    assert page.locator(".tile.stale").count() == 0
    forgive(page, console_errors)


def test_a_stream_that_hangs_without_an_error_is_found_out(
    wall: Wall, show: Callable[..., Page], cut: Callable[[int], Proxy], console_errors: list[str]
) -> None:
    proxy = cut(wall.port)
    page = show(wall, port=proxy.port)
    proxy.freeze()
    page.wait_for_selector("main.lost", timeout=20_000)
    proxy.heal()
    page.wait_for_selector(LIVE, timeout=30_000)
    forgive(page, console_errors)


def test_another_build_reloads_the_page_once(wall: Wall, show: Callable[..., Page], page: Page) -> None:
    """A page of an older build is what the browser would have kept from before an upgrade."""
    loads: list[str] = []

    def older(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        loads.append(answer.text())
        body = answer.text().replace('data-build="', 'data-build="old-' if len(loads) == 1 else 'data-build="')
        route.fulfill(response=answer, body=body)  # type: ignore[attr-defined]

    page.route("**/?lang=*", older)
    show(wall)
    assert loads
    page.wait_for_selector(f"body[data-build='{build_id()}']", timeout=20_000)
    page.wait_for_selector(LIVE)
    assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "reload"
