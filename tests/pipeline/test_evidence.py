"""Evidence holds, and nobody can change, remove or cut off an order's history unseen."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park import main
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.work_order import OrderAction
from pipeline.evidence import audit, heads, merkle, paper, signing
from pipeline.evidence.bundle import gather
from pipeline.evidence.check import check
from pipeline.ingest import Writer
from pipeline.store import parks
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.park import SMALL
from tests.pictures import jpeg, png

T0 = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(64)


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


class Desk:
    """A park with work orders, its keys and its file of heads."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.secrets, self.file = url, folder / "secrets", folder / "audit/heads.jsonl"
        self.conn = connect(url)
        self.conn.autocommit = True
        parks.apply(self.conn, SMALL, now=T0)
        signing.make(self.secrets)
        self.keys = [signing.public(self.secrets)]

    def order(self, cause: str, *, minute: float, photo: bytes | None = None) -> int:
        (point,) = self.conn.execute("select point from smartpark.point where name = 'active_power'").fetchone() or (0,)
        new = NewOrder(
            park_id="small", origin="alarm", cause=cause, service="repair", skill="electrical", priority="P2",
            title_zh="过载", title_en="Overload", point=point, verify_s=600.0,
        )  # fmt: skip
        order, _ = orders.open_(self.conn, new, now=at(minute))
        detail: dict[str, Any] = {"proof": "code"}
        if photo:
            digest = hashlib.sha256(photo).digest()
            self.conn.execute(
                "insert into smartpark.photo values (%s, 'small', 'image/png', %s, %s, %s, 'li')",
                [digest, photo, len(photo), at(minute)],
            )
            self.conn.execute(
                "insert into smartpark.photo_link values (%s, 'order', %s, 'after', %s, 'li')",
                [digest, order, at(minute)],
            )
            detail["photos"] = [digest.hex()]
        self.act(order, OrderAction.ACCEPT, minute=minute + 2)
        self.act(order, OrderAction.ARRIVE, minute=minute + 9, detail=detail)
        return order

    def act(self, order: int, action: OrderAction, *, minute: float, **more: Any) -> None:
        orders.act(self.conn, OrderAct(order=order, action=action, actor="li", **more), now=at(minute))

    def tick(self, minute: float) -> int:
        return heads.AuditHeads(self.secrets, self.file).run(self.conn, at(minute))

    def audit(self) -> audit.Audited:
        return audit.verify(self.conn, self.file, self.keys)

    def unseen(self, statement: str, *values: Any) -> None:
        """What somebody with all rights on the database, and no key, does to it."""
        with self.conn.transaction():
            self.conn.execute("set local session_replication_role = replica")
            self.conn.execute("set local search_path = smartpark")
            self.conn.execute(statement, values)  # type: ignore[arg-type]


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(database, tmp_path)
    yield found
    found.conn.close()


def test_a_bundle_proves_an_order_without_the_database(desk: Desk, tmp_path: Path) -> None:
    order = desk.order("alarm:1", minute=0, photo=PHOTO)
    samples = [Sample("m1", at(n), {"active_power": 500.0 - n}) for n in range(40)]
    writer = Writer(desk.conn)
    sender = Sender("small", Family.METER, "m1")
    writer.write(Batch("test", [Message(sender, "m:1", b"1" * 16, at(40), samples, [])]), now=at(40))
    desk.act(order, OrderAction.FINISH, minute=30, device_time=at(29), offset_s=12.0)
    assert desk.tick(60) == 1
    desk.act(order, OrderAction.CONFIRM, minute=70)
    with connect(desk.url, role="park_reader") as reader:
        bundle = json.loads(json.dumps(gather(reader, order, now=at(80))))
    found = check(bundle, desk.keys)
    assert found.faults == []
    assert len(bundle["readings"]["rows"]) == 40 and bundle["readings"]["left_out"] == 0
    assert [line for line in found.shown if "as its events, terms and hours" in line] == [
        f"{kind}: met, as its events, terms and hours have it" for kind in ("acknowledge", "respond", "restore")
    ]
    assert any("events 1 to 4 are covered" in line for line in found.shown)
    assert any("events 5 to 5 came after it" in line for line in found.open)
    written = paper.draw(bundle, found, zone="Asia/Shanghai")
    assert written.startswith(b"%PDF-") and written == paper.draw(bundle, found, zone="Asia/Shanghai")
    sent = (png(7), png(size=(30_000, 30_000)), png(size=(9000, 9000)), png(pixels=b"torn"), png(size=(9, 9)), jpeg())
    shown = [{**bundle["photos"][0], "base64": base64.b64encode(one).decode()} for one in sent]
    assert paper.draw({**bundle, "photos": shown}, found, zone="Asia/Shanghai").startswith(b"%PDF-"), (
        "whatever a visitor sent"
    )
    for fault, change in {
        "event 2 was changed": lambda b: b["events"][1].update(actor="wang"),
        "event 2 is missing": lambda b: b["events"].pop(1),
        "its last event done": lambda b: b["events"].pop(),
        "restore: spent_s do not follow": lambda b: b["clocks"][2].update(spent_s=60.0),
        "its events say": lambda b: b["order"].update(responded=b["order"]["created"]),
        "is not the one whose hash": lambda b: b["photos"][0].update(base64="AAAA"),
        "which an event names, is missing": lambda b: b["photos"].clear(),
        "signature of its head is wrong": lambda b: b["head"]["line"].update(orders=2),
        "does not cover this order": lambda b: b["head"]["proof"].append("L" + "00" * 32),
        "it lacks something": lambda b: b.pop("events"),
        "this is no smartpark-evidence/1": lambda b: b.update(format="x"),
    }.items():
        forged = json.loads(json.dumps(bundle))
        change(forged)
        assert any(fault in line for line in check(forged, desk.keys).faults), fault
    other = tmp_path / "other"
    signing.make(other)
    assert any("which nobody gave" in line for line in check(bundle, [signing.public(other)]).faults)


def test_an_audit_finds_what_was_changed_removed_or_cut_off(desk: Desk) -> None:
    first = desk.order("alarm:1", minute=0)
    assert (desk.tick(20), desk.tick(61)) == (1, 0)  # nothing new, nothing to sign
    for n in range(2, 8):
        desk.order(f"alarm:{n}", minute=60 + n)
    assert desk.tick(125) == 1
    desk.act(first, OrderAction.FINISH, minute=130)
    found = desk.audit()
    assert found == (7, 22, 2, [], 1)
    for statement, fault in (
        ("update work_order_event set actor = 'x' where work_order = 3 and seq = 2", "order 3: event 2 was changed"),
        ("delete from work_order_event where work_order = 4 and seq = 3", "order 4: it stands at 3"),
        ("delete from work_order_event where work_order = 6", "order 6: its events are gone"),
        ("delete from work_order where work_order = 5", "order 5 is gone"),
        ("update work_order set state = 'new' where work_order = 7", "order 7: it says new, its newest event"),
        ("delete from audit_head", "line 1 of the file is not what the database holds"),
    ):
        assert not any(fault in line for line in desk.audit().faults)
        desk.unseen(statement)
        assert any(fault in line for line in desk.audit().faults), (fault, desk.audit().faults)


def test_a_forged_chain_that_is_whole_is_found_by_the_heads(desk: Desk) -> None:
    order = desk.order("alarm:1", minute=0)
    desk.order("alarm:2", minute=1)
    desk.tick(60)
    # Cut off, and the order rewritten to fit: the chain itself is whole.
    desk.unseen("delete from smartpark.work_order_event where work_order = %s and seq = 3", order)
    desk.unseen(
        "update smartpark.work_order o set version = 2, state = e.to_state, head = e.hash"
        " from smartpark.work_order_event e where o.work_order = %s and e.work_order = o.work_order and e.seq = 2",
        order,
    )
    assert [line[:7] for line in desk.audit().faults] == ["head of"]
    # All traces of an order.
    desk.unseen("delete from smartpark.work_order_event where work_order = %s", order)
    desk.unseen("delete from smartpark.sla_event where work_order = %s", order)
    desk.unseen("delete from smartpark.work_order where work_order = %s", order)
    assert any("or some are gone" in line for line in desk.audit().faults)


def test_the_file_is_brought_up_and_says_when_it_is_not_ours(desk: Desk, tmp_path: Path) -> None:
    desk.order("alarm:1", minute=0)
    desk.tick(10)
    desk.file.unlink()
    desk.order("alarm:2", minute=61)
    desk.tick(70)
    assert [line["orders"] for line in heads.read(desk.file)] == [1, 2]
    whole = desk.file.read_text()
    desk.file.write_text(whole.replace('"orders": 1', '"orders": 3'))
    assert any("line 1 of the file" in fault for fault in desk.audit().faults)
    desk.file.write_text(whole[:-30])
    with pytest.raises(ConfigurationError, match="line 2 is no head"):
        desk.audit()
    desk.file.write_text(whole.splitlines(keepends=True)[0])
    assert any("the file lacks 1" in fault for fault in desk.audit().faults)
    (desk.secrets / "audit.key").chmod(0o644)
    desk.order("alarm:3", minute=121)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        desk.tick(130)


def test_the_commands_export_and_verify(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = desk.order("alarm:1", minute=0, photo=PHOTO)
    settings = {"PARK_DATABASE_URL": desk.url, "PARK_SECRETS": desk.secrets, "PARK_AUDIT_HEADS": desk.file}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    assert main(["audit", "head"]) == 0
    assert main(["audit", "verify", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said == {"orders": 1, "events": 3, "heads": 1, "faults": [], "uncovered": 0}
    json_file, pdf = tmp_path / "e.json", tmp_path / "e.pdf"
    assert main(["evidence", "export", str(order), "--out", str(json_file), "--out", str(pdf)]) == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert main(["evidence", "verify", str(json_file)]) == 0
    json_file.write_text(json_file.read_text().replace('"arrive"', '"accept"'))
    assert main(["evidence", "verify", str(json_file)]) == 1
    assert "FAULT  the chain: event 3 was changed" in capsys.readouterr().out
    assert main(["evidence", "export", "77", "--out", str(pdf)]) == 2


@given(st.lists(st.tuples(st.integers(1, 40), st.binary(min_size=32, max_size=32)), max_size=60))
def test_a_growing_tree_is_the_tree_built_at_once_and_its_proofs_hold(puts: list[tuple[int, bytes]]) -> None:
    tree, held = merkle.Tree(), {}
    for number, one in puts:
        tree.put(number, one)
        held[number] = one
        if number % 3 == 0:  # asked now and then
            assert tree.root() == merkle.root([held[n] for n in sorted(held)])
    leaves = [held[n] for n in sorted(held)]
    assert tree.root() == merkle.root(leaves)
    for index, one in enumerate(leaves):
        steps = merkle.proof(leaves, index)
        assert merkle.rooted(one, steps) == tree.root()
        assert len(leaves) == 1 or merkle.rooted(bytes(32), steps) != tree.root()
