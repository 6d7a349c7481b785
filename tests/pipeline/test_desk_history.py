"""What a desk file changed stands in the audit log row by row, with what was and what became, without addresses."""

from typing import Any

import msgspec

from pipeline.domain.role import Role
from pipeline.store import desk, people
from pipeline.store.database import connect
from pipeline.store.desk_rotas import ContactRow
from pipeline.store.people import Profile
from tests.park import APPLIED_AT as NOW
from tests.park import apply_small_park, catalogue


def test_the_audit_log_has_what_was_and_what_became(database: str) -> None:
    with connect(database) as conn:
        apply_small_park(conn)
        people.put(conn, "small", Profile(login="li", name="Li", role=Role.OPERATOR), now=NOW, actor="test")

        def applied(files: dict[str, list[Any]]) -> Any:
            desk.apply(conn, "small", files, now=NOW, actor="anna")
            last = (
                "select actor, detail from smartpark.audit_log where action = 'desk-apply' order by entry desc limit 1"
            )
            actor, detail = conn.execute(last).fetchone() or ("", {})
            assert actor == "anna"
            return detail

        found = catalogue()
        first = applied(found)["services"]
        assert first["added"] == len(first["became"]) == len(found["services"]) and set(first["was"].values()) == {None}
        assert applied(found)["services"] == {"added": 0, "changed": 0, "retired": 0}
        lift, *others = found["services"]
        changed = applied({"services": [msgspec.structs.replace(lift, priority="P1"), *others[:-1]]})["services"]
        assert set(changed["was"]) == {lift.id, others[-1].id}
        assert (changed["was"][lift.id]["priority"], changed["became"][lift.id]["priority"]) == ("P2", "P1")
        assert changed["became"][others[-1].id]["retired"] is True
        told = applied({"contacts": [ContactRow(person="li", channel="email", address="mailto:li@example.com")]})
        assert told == {"contacts": {"added": 1, "changed": 0, "retired": 0, "was": {"li": None},
                                     "became": {"li": ["email"]}}}  # fmt: skip
