"""The words of the screens: both languages say everything, and everything that can come has a word."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from pipeline import parkfile
from pipeline.domain.access import AccessEventCode, Direction, DoorState
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.domain.rule import RuleKind
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


HEARD = "2026-11-20T06:00:00Z"
LIMITS = {"kind": "limits", "low": 2, "high": 10, "deadband": 0.5, "unit": "bar"}
OTHER = {"other": "pump-2/pressure", "other_value": 4, "factor": 2, "offset": 0, "below": False}
USUAL = {"mean": 9.1, "median": 4.2, "spread": 0.3, "days": "working", "hour": 9, "n": 12}
NIGHT = {"value": 300, "low": None, "high": 50, "start": "22:00", "until": "06:00"}
# point, reason, and what must be said in Chinese and in English
REASONS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("pressure", {**LIMITS, "value": 11.2}, "11.2 bar，高于 10", "above 10"),
    ("pressure", {**LIMITS, "value": 1.5}, "低于 2", "below 2"),
    ("smoke", {"kind": "state", "value": 1, "codes": [1]}, "烟", "smoke"),
    ("", {"kind": "door", "state": "forced-open"}, "强行打开", "forced open"),
    ("", {"kind": "count", "count": 6, "at_least": 5, "within_s": 600, "what": ["denied-passback"]}, "6", "6"),
    ("", {"kind": "no-data", "heard": HEARD, "why": "silent"}, "没有数据", "no data"),
    ("", {"kind": "no-data", "heard": HEARD, "why": f"silent since {HEARD}"}, "没有数据", "no data"),
    ("", {"kind": "no-data", "heard": HEARD, "why": "last-will"}, "连接中断", "connection broke"),
    ("", {"kind": "no-data", "heard": None, "why": "NDEATH"}, "节点离线", "node is gone"),
    ("", {"kind": "no-data", "heard": HEARD, "why": "DDEATH"}, "设备离线", "it is gone"),
    ("pressure", {"kind": "no-data", "heard": HEARD, "why": "point-silent"}, "此点", "this point"),
    ("pressure", {"kind": "flat", "value": 4.2, "for_s": 7200, "readings": 480, "unit": "bar"}, "4.2", "4.2"),
    ("pressure", {"kind": "rate", "change": -3.5, "by": -3, "within_s": 600, "unit": "bar"}, "3.5", "3.5"),
    ("pressure", {"kind": "compare", "value": 9, **OTHER, "unit": "bar"}, "8", "8"),
    ("pressure", {"kind": "deviation", **USUAL, "unit": "bar"}, "工作日", "working"),
    ("illuminance", {"kind": "schedule", **NIGHT, "unit": "lx"}, "22:00", "22:00"),
    ("", {"kind": "clock", "fault": "no-offset", "offset_s": 28800}, "时钟", "clock"),
)
TOLD = """async (reasons) => {
  const main = document.querySelector("script[type=module]").src;
  const { reasonText } = await import(main.replace(/main\\.js$/, "alarms/words.js"));
  return reasons.map(([point, reason]) => reasonText({ reason, rule_id: "the-rule",
    rule_name: { zh: "规则名", en: "Rule name" },
    subject: { point, device_id: "d", device_name: { zh: "设备", en: "Device" } },
    began: "2026-11-20T06:00:00Z", raised: "2026-11-20T06:00:30Z" }));
}"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_kind_of_alarm_says_why_in_words(silent: Wall, show: Callable[..., Page], lang: str) -> None:
    told = show(silent, lang=lang).evaluate(TOLD, [[point, reason] for point, reason, _, _ in REASONS])
    assert {reason["kind"] for _, reason, _, _ in REASONS} == {*RuleKind}
    for text, (_, reason, zh, en) in zip(told, REASONS, strict=True):
        assert (zh if lang == "zh" else en).lower() in text.lower(), (text, reason)
        assert not re.search(r"undefined|NaN|null|[{}]|Rule name|规则名", text), (text, reason)
        if lang == "zh":
            assert not re.search(r"[a-z-]{6,}|silent|DEATH", text), (text, reason)
