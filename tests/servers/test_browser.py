"""The browser that the screens are tested in: real, wide, and intolerant of errors."""

import asyncio

import pytest
from playwright.sync_api import Page


def test_the_page_is_a_wall_and_runs_scripts(page: Page) -> None:
    page.set_content("<h1>园区</h1>")
    assert page.evaluate("[innerWidth, innerHeight, document.querySelector('h1').offsetWidth > 0]") == [
        1920,
        1080,
        True,
    ]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('the tile is broken')", "console: the tile is broken"),
        ("setTimeout(() => { throw new Error('no such meter') })", "exception: no such meter"),
    ],
)
def test_an_error_in_the_page_is_noticed(page: Page, console_errors: list[str], script: str, complaint: str) -> None:
    page.set_content(f"<script>{script}</script><p>done</p>")
    page.wait_for_selector("p")
    page.evaluate("new Promise(done => setTimeout(done))")
    assert console_errors == [complaint]
    console_errors.clear()


def test_an_event_loop_can_run_after_the_browser_was_used() -> None:
    async def answer() -> str:
        return "yes"

    assert asyncio.run(answer()) == "yes"
