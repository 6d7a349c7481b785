"""The words of the screens: both languages say everything, and everything that can come has a word."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from pipeline import parkfile
from pipeline.domain.access import AccessEventCode, Direction, DoorState
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.domain.screening import ScreeningResult
from tests.conftest import REPO
from tests.screens.conftest import DEMO_PARK, Wall

JS = REPO / "api/static/js"
KEY = re.compile(r'\bt\("([^"]+)"')
FORMS = ".one"


def words(page: Page, lang: str) -> dict[str, str]:
    found: Any = page.evaluate(
        "async (lang) => { const main = document.querySelector('script[type=module]').src;"
        " return (await import(main.replace(/main\\.js$/, `i18n/${lang}.js`))).default; }",
        lang,
    )
    return dict(found)


def test_both_languages_say_the_same_and_all_that_is_asked(silent: Wall, show: Callable[..., Page]) -> None:
    page = show(silent)
    zh, en = words(page, "zh"), words(page, "en")
    # English has a singular where Chinese needs none.
    assert {k for k in en if not k.endswith(FORMS)} == set(zh)
    for key in zh:
        assert zh[key].strip(), key
        assert set(re.findall(r"\{\w+\}", zh[key])) == set(re.findall(r"\{\w+\}", en[key])), key
    asked = {key for file in JS.rglob("*.js") for key in KEY.findall(file.read_text(encoding="utf-8"))}
    assert asked <= set(zh), asked - set(zh)


def test_everything_that_devices_can_say_has_a_word(silent: Wall, show: Callable[..., Page]) -> None:
    zh = words(show(silent), "zh")
    park = parkfile.read(DEMO_PARK)
    wanted = {
        *(f"access.{code.label}" for code in AccessEventCode),
        *(f"door.{state.label}" for state in DoorState),
        *(f"result.{result}" for result in ScreeningResult),
        *(f"direction.{way}" for way in Direction if way is not Direction.UNKNOWN),
        *(f"family.{family}" for family in Family),
        *(f"clock.{fault}" for fault in ClockFault),
        *(f"quality.{quality.label}" for quality in Quality if quality is not Quality.GOOD),
        *(f"point.{p.name}" for d in park.devices for p in d.points if d.family is Family.SENSOR),
    }
    assert wanted <= set(zh), wanted - set(zh)
