"""The whole mission on one night: water on a floor at 02:10, one alarm, one order; the technician on duty is told, does
not take it, it goes up; taken on a phone, on site, fixed; the sensor says normal, it is verified and closed; every
clock is right, and the evidence holds."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from pipeline import parkfile
from pipeline.domain.clock import Clock
from pipeline.domain.message import Batch, ConnectionState, Message, Sample, Sender, StatusReport
from pipeline.domain.park import Family
from pipeline.domain.work_order import OrderAction
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.evidence import audit, signing
from pipeline.evidence.bundle import gather
from pipeline.evidence.check import check
from pipeline.ingest import Writer
from pipeline.notifier import channels
from pipeline.notifier.sender import Sender as Notifier
from pipeline.settings import Settings
from pipeline.store import desk, links, on_site, parks
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import OrderAct
from tests.conftest import REPO
from tests.notifier.providers import Web, web

T0 = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)  # 02:10 in Beijing, on a Saturday
LEAK = "leak-b3-1"
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


class Night:
    """The demo park with its desk, the processes that store, think and send, and the phones of its people."""

    def __init__(self, url: str, folder: Path, phones: Web) -> None:
        self.url, self.phones = url, phones
        self.settings = Settings.from_env(
            {
                "PARK_SECRETS": str(folder / "secrets"), "PARK_AUDIT_HEADS": str(folder / "heads.jsonl"),
                "PARK_PUBLIC_URL": "https://park.example", "PARK_NOTIFY_WEBHOOK_SECRET": SECRET,
            }
        )  # fmt: skip
        signing.make(self.settings.secrets)
        self.conn = connect(url)
        self.conn.autocommit = True
        self.park = parkfile.read(REPO / "simulators/parks/qinghe.toml")
        parks.apply(self.conn, self.park, now=at(-60))
        self.engine = Engine(steps("apache", self.settings))
        self.engine.tick(self.conn, at(-59))  # the working days of the year, which calendars need
        told = desk.read(REPO / "simulators/parks/qinghe-desk")
        told.pop("plans", None)  # their rounds and inspections are other orders, on other nights
        desk.apply(self.conn, self.park.park_id, told, now=at(-58))
        self.contacts()
        self.writer, self.sent = Writer(self.conn), 0
        self.notifier = Notifier(channels.of(self.settings), clock=Clock(), timeout_s=5.0, workers=4)
        self.sensor(-50, -1, 0.0)

    def contacts(self) -> None:
        self.conn.execute(
            "insert into smartpark.contact (person, place, channel, address)"
            " select person, 1, 'webhook', %s || '/' || login from smartpark.person",
            [self.phones.url],
        )

    def sensor(self, first: float, last: float, value: float) -> None:
        """What the leak sensor says, once a minute."""
        n = int(last - first) + 1
        samples = [Sample(LEAK, at(first + i), {"leak": value}) for i in range(n)]
        self.sent += 1
        message = Message(
            Sender(self.park.park_id, Family.SENSOR, LEAK), f"m:{self.sent}", str(self.sent).encode().ljust(16),
            at(last), samples, [StatusReport(at(last), ConnectionState.ONLINE)],
        )  # fmt: skip
        self.writer.write(Batch("test", [message]), now=at(last))

    def tick(self, minute: float) -> None:
        """The engine, twice (one step may make work for another), and the notifier until nothing is under way."""
        for second in (0, 1):
            self.engine.tick(self.conn, at(minute) + timedelta(seconds=second))
        assert self.engine.failing == {}
        for _ in range(20):
            self.notifier.turn(self.conn, at(minute), wait_s=2.0)
            if not self.notifier.busy:
                break

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, values).fetchall()  # type: ignore[arg-type]

    def one(self, query: str, *values: Any) -> dict[str, Any]:
        (row,) = self.rows(query, *values)
        return row

    def told(self) -> list[str]:
        """Whose phone rang about the order, in order."""
        return [got.path[1:] for got in self.phones.got if json.loads(got.body)["work_order"]]

    def order(self) -> dict[str, Any]:
        return self.one("select * from park.work_orders")

    def clocks(self) -> dict[str, dict[str, Any]]:
        return {row["kind"]: row for row in self.rows("select * from park.sla_clocks")}

    def act(self, action: OrderAction, minute: float, *, actor: str, **more: Any) -> None:
        person = self.one("select person from smartpark.person where login = %s", actor)["person"]
        asked = OrderAct(order=self.order()["work_order"], action=action, actor=actor, person=person, **more)
        with self.conn.transaction():
            orders.act(self.conn, asked, now=at(minute))


@pytest.fixture
def night(database: str, tmp_path: Path) -> Iterator[Night]:
    with web() as phones:
        found = Night(database, tmp_path, phones)
        yield found
        found.conn.close()


def test_a_leak_at_night_from_the_sensor_to_the_proof(night: Night) -> None:
    night.tick(-1)
    assert night.rows("select * from park.alarms") == []

    night.sensor(0, 0, 1.0)
    night.tick(0.1)
    alarm = night.one("select alarm, rule_id, state, device_id from park.alarms")
    assert (alarm["rule_id"], alarm["state"], alarm["device_id"]) == ("leak", "unacknowledged", LEAK)
    order = night.order()
    number = order["work_order"]
    assert (order["origin"], order["priority"], order["state"], order["skill"]) == ("alarm", "P1", "new", "plumbing")
    assert (order["device_id"], order["alarm"], order["verify_s"]) == (LEAK, alarm["alarm"], 600.0)
    on_duty = night.told()
    assert len(on_duty) == 1 and on_duty[0] in ("sun.lei", "zhang.wei"), "who has the water rota at night"
    technician = on_duty[0]
    letter = json.loads(night.phones.got[0].body)
    assert "3号楼" in letter["subject"] and letter["link"].startswith("https://park.example/take/")

    # The water runs on: readings repeat, the alarm and the order stay one, and nobody is told twice.
    night.sensor(1, 4, 1.0)
    night.tick(4)
    assert night.told() == on_duty
    assert night.rows("select 1 from park.alarms") == night.rows("select 1 from park.work_orders") == [{"?column?": 1}]

    # Five minutes and nobody took it: the duty lead is asked, and the acknowledge clock is broken at that very instant.
    night.tick(5.2)
    lead = night.told()[len(on_duty) :]
    assert set(lead) & {"li.ming", "wang.fang"}
    assert night.clocks()["acknowledge"]["breached"] == order["created"] + timedelta(minutes=5)

    # He takes it by the link in the first message; looking at the link did nothing, and it works once.
    token = letter["link"].rsplit("/", 1)[1]
    link = links.look(night.conn, token)
    assert link is not None and link.login == technician and link.work_order == number
    assert night.order()["state"] == "new"
    with night.conn.transaction():
        assert links.use(night.conn, link, now=at(6))
    assert not links.use(night.conn, link, now=at(6))
    night.act(OrderAction.ACCEPT, 6, actor=technician)
    so_far = len(night.told())
    night.tick(16)
    assert not [who for who in night.told()[so_far:] if who == technician], "nobody is asked any more"
    night.act(OrderAction.DEPART, 8, actor=technician)

    # In the basement there is no signal: he is there at 02:28 by his phone, 40 s slow, and that comes at 02:37.
    night.sensor(5, 27, 1.0)
    shown = on_site.rotating_code("site secret", f"{night.park.park_id}/{LEAK}", at(18))
    site = on_site.Site(park_id=night.park.park_id, places=[LEAK])
    proof = on_site.prove(site, "code", secret="site secret", at=at(18), code=shown)
    night.act(
        OrderAction.ARRIVE,
        27,
        actor=technician,
        device_time=at(18) - timedelta(seconds=40),
        offset_s=40.0,
        detail=proof,
    )
    assert night.order()["proof"] == "code"
    assert night.clocks()["respond"]["stopped"] == at(18)
    night.sensor(28, 31, 0.0)
    night.act(OrderAction.FINISH, 31, actor=technician, reason="阀门已关，接头已换")
    clocks = night.clocks()
    assert (clocks["restore"]["state"], clocks["restore"]["provisional"]) == ("met", True)

    # Dry for two minutes: the alarm returns; dry for ten after the work was done: verified by the sensor, and closed.
    night.sensor(32, 36, 0.0)
    night.tick(36)
    assert night.order()["state"] == "done"
    night.sensor(37, 42, 0.0)
    night.tick(42.5)
    night.tick(43)
    order = night.order()
    assert (order["state"], order["verified"], order["assignee_login"]) == ("closed", "sensor", technician)
    assert night.one("select state, active from park.alarms")["active"] is False

    # Every clock, and why.
    created = order["created"]
    clocks = night.clocks()
    assert {kind: row["state"] for kind, row in clocks.items()} == {
        "acknowledge": "missed", "respond": "met", "restore": "met",
    }  # fmt: skip
    assert clocks["acknowledge"]["spent_s"] == (at(6) - created).total_seconds()
    assert clocks["respond"]["spent_s"] == (at(18) - created).total_seconds()
    assert clocks["restore"]["spent_s"] == (at(31) - created).total_seconds()
    assert clocks["restore"]["provisional"] is False
    assert [row["what"] for row in night.rows("select what from park.sla_events where what = 'breach'")] == ["breach"]

    # The hour is over: its head is signed. The bundle holds without the database, and so does the whole audit.
    night.tick(55)
    with connect(night.url, role="park_reader") as reader:
        bundle = json.loads(json.dumps(gather(reader, number, now=at(60))))
    keys = [signing.public(night.settings.secrets)]
    found = check(bundle, keys)
    assert (found.faults, found.open) == ([], [])
    assert len([line for line in found.shown if "as its events, terms and hours have it" in line]) == 3
    values = [row[2] for row in bundle["readings"]["rows"]]
    assert values.count(1.0) == 28 and values[-1] == 0.0
    audited = audit.verify(night.conn, night.settings.audit_heads, keys)
    assert (audited.faults, audited.uncovered) == ([], 0)
