"""The page /field: what is due first, one thing to do under the thumb, nothing that was tapped lost or done twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from pipeline.domain import work_order
from pipeline.domain.work_order import OrderAction
from tests.conftest import wait_until
from tests.pictures import png
from tests.screens import ordering
from tests.screens.conftest import Wall
from tests.screens.test_alarms import MISFITS
from tests.screens.test_alarms_look import THUMB_PX, picture
from tests.screens.test_stream import forgive

ME = "zhang.wei"
SECOND = timedelta(seconds=1)
A = OrderAction


@pytest.fixture
def phone(page: Page) -> Callable[..., Page]:
    """`phone(wall, lang="zh")`: the page in the hand of zhang.wei, once his list was read."""

    def open_(wall: Wall, *, lang: str = "zh") -> Page:
        page.set_viewport_size({"width": 390, "height": 844})
        ordering.sign_in(wall, page, ME)
        page.goto(f"{wall.url}/field?lang={lang}")
        page.wait_for_selector("main.field-page.stream-live .order", timeout=30_000)
        return page

    return open_


def acts(wall: Wall, order: int, *, actor: str = ME) -> list[str]:
    return [event["action"] for event in ordering.events(wall, order) if event["actor"] == actor]


def card(order: int, inner: str = "") -> str:
    return f"#order-{order} {inner}".strip()


def test_an_order_is_taken_worked_on_and_done(
    crew: Wall, phone: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    made = ordering.made
    page = phone(crew)
    shown = [str(e.get_attribute("id")) for e in page.locator("#mine .order").all()]
    wanted = [f"order-{made[name]}" for name in ("late", "assigned", "way", "here", "waits")]
    assert [one for one in shown if one in wanted] == wanted, "overdue, then by time left, then what is paused"
    assert page.locator(card(made["late"], ".clock-line.over")).inner_text().startswith("超时")
    becomes(card(made["waits"], ".clock-line"), "等待配件")
    becomes(card(made["done"], ".clock-line"), "待传感器正常满 10 分")
    becomes(".offer", "单待接 · P1 电梯困人")
    assert page.locator(card(made["other"])).count() == 0, "another's"
    number = ordering.put(crew, "door", ago_min=12)
    ordering.assign(crew, number, ME, ago_min=5)
    for action, sheet in (("accept", False), ("depart", False), ("arrive", True)):
        page.click(card(number, ".primary:not(.heard)"))
        if sheet:
            becomes(".drawer .hint", "自述")
            page.click(".drawer .primary")
        page.wait_for_selector(card(number, ".heard"))  # a thumb that taps twice means one tap
        wait_until(lambda action=action: action in acts(crew, number), what=action)  # type: ignore[misc]
    page.click(card(number, ".primary:not(.heard)"))
    page.set_input_files(".drawer input[type=file]", {"name": "p.png", "mimeType": "image/png", "buffer": png()})
    page.wait_for_selector(".drawer .shot img")
    page.fill(".drawer textarea", "换了读卡器")
    page.click(".drawer .primary")
    done = wait_until(lambda: [e for e in ordering.events(crew, number) if e["action"] == "finish"], what="finish")[0]
    assert (done["detail"]["words"], len(done["detail"]["photos"])) == ("换了读卡器", 1)
    kept = crew.conn.execute("select distinct media_type from smartpark.photo").fetchall()
    crew.conn.commit()
    assert kept == [("image/jpeg",)], "made small by the phone"
    assert acts(crew, number) == ["accept", "depart", "arrive", "finish"]
    arrived = next(e for e in ordering.events(crew, number) if e["action"] == "arrive")
    assert "proof" not in arrived["detail"] or arrived["detail"]["proof"] == "claimed"
    assert abs(ordering.phone_time(done) - done["happened"]) < 5 * SECOND
    live = ordering.put(crew, "leak", ago_min=0.5)
    ordering.assign(crew, live, ME)
    page.wait_for_selector(f"#mine {card(live)}")
    page.click(card(live, ".more"))
    page.click(".drawer >> text=备注…")
    page.fill(".drawer textarea", "在路上堵着")
    page.click(".drawer .primary")
    wait_until(lambda: "comment" in acts(crew, live), what="comment")
    ordering.do(crew, live, A.CANCEL, login="li.ming", reason="重复")
    page.wait_for_selector(card(live), state="detached")


def test_what_is_tapped_without_a_signal_arrives_once_at_its_time(
    crew: Wall, phone: Callable[..., Page], becomes: Callable[..., None], console_errors: list[str]
) -> None:
    mine, theirs = ordering.put(crew, "pump", ago_min=3), ordering.put(crew, "tap", ago_min=3)
    ordering.assign(crew, mine, ME)
    ordering.offer(crew, theirs, ME, "ma.chao")
    page = phone(crew)
    page.wait_for_selector(card(theirs))
    crew.stop()
    before = crew.now
    page.click(card(mine, ".primary"))
    page.click(card(mine, ".primary:not(.heard)"))  # on his way, still without a signal
    page.click(card(theirs, ".primary"))
    after = crew.now
    becomes(".standing", "3 步操作未发出")
    becomes(card(mine, ".meta"), "在途")
    becomes(card(mine, ".meta"), "未发出")
    page.wait_for_selector("main.lost .order.old", timeout=40_000)
    assert page.locator(card(mine, ".primary")).inner_text() == "已到场"
    picture(page, "field-offline")
    ordering.do(crew, mine, A.ESCALATE, login="li.ming", detail={"level": 2, "people": ["ma.chao"]})
    ordering.do(crew, theirs, A.ACCEPT, login="ma.chao")
    crew.start()
    wait_until(lambda: acts(crew, mine) == ["accept", "depart"], within=60, what="what was tapped, once each")
    becomes(".told", "ma.chao 已于", within=40)
    becomes(".told", "比您快")
    page.click(".told button")
    page.wait_for_selector("main:not(.lost) .standing.live", timeout=40_000)
    assert acts(crew, mine) == ["accept", "depart"]
    assert acts(crew, theirs) == []
    for event in ordering.events(crew, mine):
        if event["actor"] == ME:
            assert before - SECOND <= ordering.phone_time(event) <= after + SECOND, "it counts from the tap"
            assert event["happened"] == ordering.phone_time(event) < event["at"]
    assert page.evaluate("localStorage.getItem('field-queue')") == "[]"
    forgive(page, console_errors)


PRESSED = """(least) => [...document.querySelectorAll(
  ".order .primary, .order .more:not(.wide), .drawer .primary, .drawer .choices button")]
  .filter((e) => Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < least)
  .map((e) => e.textContent)"""


def test_it_fits_a_phone_in_both_languages(crew: Wall, phone: Callable[..., Page]) -> None:
    made = ordering.made
    for lang in ("zh", "en"):
        page = phone(crew, lang=lang)
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        assert page.evaluate(MISFITS) == []
        page.click(card(made["again"], ".more"))
        page.click(".drawer .second")
        page.wait_for_selector(".drawer.for-about >> text=又跳闸了")
        assert page.evaluate(MISFITS) == []
        page.click(".drawer .close")
        for button, kind in ((".more", "more"), (".primary", "finish")):
            page.click(card(made["here"], button))
            page.wait_for_selector(f".drawer.for-{kind}")
            assert page.evaluate(MISFITS) == []
            assert page.evaluate(PRESSED, THUMB_PX) == []
            page.click(".drawer .close")
        picture(page, f"field-{lang}")


TABLES = """async () => {
  const script = document.querySelector("script[type=module]").src;
  const at = (path) => import(script.replace(/main\\.js$/, path));
  const { MOVES, WAITS, predicted, firstAct } = await at("field/moves.js");
  const { byDue, countdown, nextClock, tally } = await at("orders/clocks.js");
  const now = Date.parse("2026-11-20T06:00:00Z");
  const clock = (kind, minutes, state = "running") =>
    ({ kind, state, due: minutes === null ? null : new Date(now + minutes * 60000).toISOString() });
  const order = (work_order, state, ...clocks) => ({ work_order, state, created: "2026-11-20T06:00:00Z", clocks });
  const orders = [
    order(1, "done", clock("restore", 1, "met")),
    order(2, "waiting", clock("restore", null, "paused")),
    order(3, "new", clock("acknowledge", 9), clock("respond", 40)),
    order(4, "on_site", clock("restore", -2)),
    order(5, "accepted", clock("acknowledge", -9, "met"), clock("respond", 3)),
  ];
  return {
    moves: MOVES, waits: WAITS, tally: tally(orders, now), next: nextClock(orders[2], "on_site"),
    sorted: [...orders].sort((a, b) => byDue(a, b)).map((each) => each.work_order),
    times: [0, 59, 3661, -61].map(countdown), first: firstAct("accepted", { responded: "x" }),
    ahead: predicted("new", [{ action: "accept" }, { action: "finish" }]),
    refused: predicted("done", [{ action: "depart" }]),
  };
}"""


def test_the_phone_knows_the_same_moves_and_clocks_as_the_desk(silent: Wall, show: Callable[..., Page]) -> None:
    found = show(silent).evaluate(TABLES)
    for action, (sources, target) in found["moves"].items():
        froms, to = work_order.MOVES[OrderAction(action)]
        assert (set(sources), target) == ({s.value for s in froms}, to and to.value), action
    assert found["waits"] == list(work_order.WAITING_REASONS)
    assert found["sorted"] == [4, 5, 3, 2, 1]
    assert found["tally"] == {"overdue": 1, "soon": 2, "nobody": 1, "open": 5}
    assert found["next"] is None, "who is there has taken it, and has come"
    assert found["times"] == ["0:00:00", "0:00:59", "1:01:01", "0:01:01"]
    assert (found["first"], found["ahead"], found["refused"]) == ("arrive", "done", "done")
