"""Work orders from a terminal: listed, shown, acted on; codes of places."""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.engine.desk import plans
from pipeline.store import desk_plans, order_verb, work_orders
from pipeline.store.desk_services import Bilingual
from pipeline.store.on_site import tag
from pipeline.store.work_orders import NewOrder


def test_orders_in_a_terminal(
    conn: psycopg.Connection, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    monkeypatch.setenv("PARK_SITE_SECRET", "s")

    def said(*words: str) -> str:
        assert order_verb.main(list(words)) == 0
        return capsys.readouterr().out

    now = datetime.now(UTC)
    new = NewOrder(park_id="small", origin="staff", cause="staff:1", service="repair", skill="plumbing", priority="P3",
                   title_zh="漏水", title_en="Leak")  # fmt: skip
    order = str(work_orders.open_(conn, new, now=now - timedelta(minutes=1)).order)
    assert said("list").split()[:4] == [order, "P3", "new", "nobody"]
    shown = json.loads(said("act", order, "priority", "--to", "P1", "--reason", "it floods", "--actor", "li", "--json"))
    assert (shown["orders"][0]["priority"], shown["events"][-1]["actor"]) == ("P1", "li")
    assert "li  priority: it floods" in said("show", order)
    certificate = desk_plans.PlanRow(
        id="lift", kind="inspection", name=Bilingual(zh="z", en="e"), service="inspection", skill="lift",
        expires=now.date() - timedelta(days=9),
    )  # fmt: skip
    desk_plans.apply(conn, "small", [certificate], now, "test")
    plans.run(conn, now)
    assert said("plans").strip().endswith("EXPIRED")
    assert said("tag", "b1").strip() == tag("s", "small/b1")
    assert len(json.loads(said("code", "m1", "--json"))["code"]) == 6
    for words, error in (
        (["show", "99"], NotFound), (["code", "b9"], NotFound), (["act", order, "assign"], ConfigurationError),
        (["act", order, "assign", "--person", "nobody"], NotFound), (["act", order, "appoint"], ConfigurationError),
    ):  # fmt: skip
        with pytest.raises(error):
            order_verb.main(words)
