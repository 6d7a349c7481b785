"""A device whose clock lies, where an operator looks: in the sentence, in its row, and in a list of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.screens import day
from tests.screens.conftest import Wall

LIARS = """insert into smartpark.device_clock
  (device, since, fault, offset_s, last_seen, count, claimed, received, reason)
  select device, %(now)s, fault, offset_s, %(now)s, 42, %(now)s, %(now)s, 'told'
    from smartpark.device
    join (values ('pump-b1-1', 'zone-as-utc', 28800.0), ('room-b3-05', 'missing', null))
      as t (device_id, fault, offset_s) using (device_id)"""
LIST = """async (park) => {
  const main = document.querySelector("script[type=module]").src;
  const at = (path) => import(main.replace(/main\\.js$/, path));
  const { DeviceClocks } = await at("clocks.js");
  const { html, render } = await at("html.js");
  document.body.append(Object.assign(document.createElement("div"), { id: "here" }));
  render(html`<${DeviceClocks} park=${park} />`, document.getElementById("here"));
}"""


@pytest.mark.parametrize(
    ("lang", "told", "none"),
    [
        ("zh", "时钟快 8 小时：北京时间当作 UTC", "不带时间"),
        ("en", "clock 8 h ahead: Beijing time sent as UTC", "no time sent"),
    ],
)  # fmt: skip
def test_a_lying_clock_is_told_in_words(
    wall: Wall, show: Callable[..., Page], becomes: Callable[..., None], lang: str, told: str, none: str
) -> None:
    liar = next(d.device_id for d in wall.park.devices if d.type == "pump")
    silent = next(d.device_id for d in wall.park.devices if d.type == "room" and d.device_id not in day.SILENT)
    wall.write(*day.minute(wall))
    statement = LIARS.replace("pump-b1-1", liar).replace("room-b3-05", silent)
    wall.conn.execute(statement.encode(), {"now": wall.now})
    page = show(wall, lang=lang)
    becomes("#health", told)
    becomes(".verdict", told)
    assert none not in page.inner_text("#health"), "who sends no time does not lie"
    page.evaluate(LIST, wall.park.park_id)
    becomes("#clocks", told)
    becomes("#clocks", none)


def test_every_fault_has_its_sentence(silent: Wall, show: Callable[..., Page], call: Callable[..., Any]) -> None:
    show(silent)
    for fault, offset, text in (
        ("zone-as-utc", -28_800, "时钟慢 8 小时：UTC 标成北京时间"),
        ("zone-as-utc", 19_800, "时钟快 5 小时 30 分：本地时间当作 UTC"),
        ("no-offset", 28_799, "时间不带时区，按 UTC 快 8 小时"),
        ("ahead", 420, "时钟快 7 分"),
        ("drifting", -400, "时钟漂移，慢 7 分"),
        ("not-set", -1.7e9, "时钟从未设置"),
        ("new-firmware-s-own", None, "new-firmware-s-own"),
    ):
        assert call("clocks.js", "clockText", {"fault": fault, "offset_s": offset}) == text
