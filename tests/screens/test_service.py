"""The page /service: what is due first, each promise explained, what people do said to all, requests beside orders."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from pipeline.domain.work_order import OrderAction
from pipeline.store import requests
from tests.conftest import wait_until
from tests.screens import ordering
from tests.screens.conftest import Wall
from tests.screens.test_alarms import MISFITS
from tests.screens.test_alarms_look import picture

A = OrderAction
SIZES = ((1920, 1080), (1366, 768), (3840, 2160), (390, 844))


@pytest.fixture
def desk(page: Page) -> Callable[..., Page]:
    """`desk(wall, "tab=requests", lang="zh")`: the page of the operator li.ming, once its list was read."""

    def open_(wall: Wall, query: str = "", *, lang: str = "zh") -> Page:
        ordering.sign_in(wall, page, "li.ming")
        page.goto(f"{wall.url}/service?lang={lang}&{query}")
        page.wait_for_selector("main.service-page.stream-live #list .rows li", state="attached", timeout=30_000)
        page.wait_for_selector(".states button b")  # it counts what it has read
        return page

    return open_


def ask(wall: Wall, service: str, words: str) -> int:
    """What a tenant asked for."""
    new = requests.NewRequest(
        park_id=wall.park.park_id, client_id=uuid4(), service=service, words=words, actor="li.ming", space="b2",
        channel="phone",
    )  # fmt: skip
    made = requests.make(wall.conn, new, now=wall.now, hourly=1000)
    wall.conn.commit()
    return made.request


def test_what_is_due_stands_first_and_the_desk_acts(
    crew: Wall, desk: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    made = ordering.made
    page = desk(crew)
    shown = [str(e.get_attribute("id")) for e in page.locator("#list .row").all()]
    wanted = [f"row-{made[name]}" for name in ("nobody", "late", "lift", "way", "waits", "confirmed")]
    assert [one for one in shown if one in wanted] == wanted
    becomes(".sum", "超时")
    becomes(".sum", "无人接单")
    assert page.locator(f"#row-{made['late']} .cell.over.first").count() == 1
    becomes(f"#row-{made['waits']} .cell.paused", "等待配件")
    page.click(".states >> text=超时")
    page.select_option("select[name=priority]", "P1")
    page.wait_for_selector(f"#row-{made['nobody']}", state="detached")
    assert "show=overdue" in page.url and "priority=P1" in page.url
    page.reload()
    page.wait_for_selector(f"#row-{made['late']}")
    assert page.locator(f"#row-{made['nobody']}").count() == 0
    page.click(".states button >> nth=0")
    page.select_option("select[name=priority]", "")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = str(page.locator("#list .row.chosen").get_attribute("id")).removeprefix("row-")
    assert f"order={first}" in page.url
    page.keyboard.press("Enter")
    assert page.evaluate("Boolean(document.activeElement.closest('#acts'))")
    page.evaluate("document.activeElement.blur()")
    number = ordering.put(crew, "pump", ago_min=2)
    page.click(f"#row-{number} .face")  # it came by itself
    page.keyboard.press("a")
    page.select_option("#acts select", "zhang.wei")
    page.click("#acts .form .primary")
    becomes(f"#row-{number} .who", "已指派 张伟")
    becomes("#detail .journal", "指派")
    page.keyboard.press("p")
    page.select_option("#acts select", "P1")
    page.fill("#acts input", "水漫出来了")
    page.click("#acts .form .primary")
    becomes(f"#row-{number} .tag", "P1")
    ordering.do(crew, number, A.ACCEPT, device_time=crew.ago(90), offset_s=0.0)
    becomes("#detail .journal", "收到")  # when it was tapped, and when it reached us
    ordering.do(crew, number, A.ARRIVE, A.FINISH)
    becomes("#detail .promises", "到场（自述）")
    becomes("#detail .facts", "待人员确认")
    page.keyboard.press("f")
    becomes("#detail .tags", "已确认")
    assert [e["actor"] for e in ordering.events(crew, number)][-1] == "li.ming"


def test_each_promise_and_the_verification_are_told_in_a_sentence(
    crew: Wall, desk: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    page = desk(crew, f"order={ordering.made['done']}", lang="en")
    becomes("#detail .promises", "(NFC), 20 min of 1 h used")
    becomes("#detail .promises", "provisional until verified")
    becomes("#detail .facts", "waiting for the sensor to be normal for 10 min, ")
    assert page.locator("#detail .links a[href$='evidence.pdf']").count() == 1
    page = desk(crew, f"order={ordering.made['again']}", lang="en")
    becomes("#detail .promises", "late")
    becomes("#detail .journal", "又跳闸了")
    becomes("#detail .journal", "without going there")


def test_requests_are_entered_answered_and_followed(
    crew: Wall, desk: Callable[..., Page], becomes: Callable[..., None]
) -> None:
    appeal = ask(crew, "appeal", "连续三晚施工噪声")
    page = desk(crew, f"tab=requests&request={appeal}")
    becomes("#detail .due", "到期")
    page.keyboard.press("a")
    page.fill("#acts textarea", "已要求施工方 22 点停工")
    page.click("#acts .form .primary")
    becomes("#detail .outcome", "22 点停工")
    becomes(f"#request-{appeal} .who", "已答复")
    page.click(".ways >> text=代录请求")
    page.select_option("#entry select[name=channel]", "phone")
    page.select_option("#entry select[name=service]", "repair-plumbing")
    page.select_option("#entry select[name=space]", "b2")
    page.fill("#entry textarea", "茶水间水槽堵了")
    page.click("#entry .primary")
    becomes("#detail .reason", "茶水间水槽堵了")
    becomes("#detail .subject", "电话")
    page.click("#detail .work button")
    becomes("#detail h2", "")
    order = int(page.url.split("order=")[1].split("&")[0])
    becomes("#detail .links", "请求")
    wait_until(lambda: ordering.events(crew, order), what="its order")


def test_it_fits_every_size_in_both_languages(crew: Wall, desk: Callable[..., Page]) -> None:
    made = ordering.made
    for lang in ("zh", "en"):
        page = desk(crew, f"order={made['late']}", lang=lang)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_selector("#detail .journal li")
            assert page.evaluate(MISFITS) == [], (lang, width)
            picture(page, f"service-{lang}-{width}")
        page.click("#detail .back")
        page.wait_for_selector("main:not(.one)")
        assert page.evaluate(MISFITS) == [], lang
        picture(page, f"service-{lang}-phone-list")
        page.click(".tabs button >> nth=1")
        page.wait_for_selector("main.requests")
        assert page.evaluate(MISFITS) == [], lang
        page.set_viewport_size({"width": 1920, "height": 1080})
