"""What covers an order: the most specific word on each term, stamped with versions; what changes, what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipeline.domain.rule import DayKind
from pipeline.domain.sla import ALWAYS, WORKING, ClockKind
from pipeline.domain.sla_policy import BUILT_IN, OrderFacts, SlaPolicy, SlaTarget, terms_for
from pipeline.domain.work_order import OrderAction
from pipeline.engine.desk.sla import KeepCalendars
from pipeline.store import business_calendars, calendar, desk, parks, sla_terms
from pipeline.store import work_orders as orders
from pipeline.store.calendar import CalendarRow
from pipeline.store.database import connect
from pipeline.store.desk import DeskFileError
from pipeline.store.sla_terms import UnknownTerms
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.conftest import REPO
from tests.park import SMALL

T0 = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)
NEW = NewOrder(park_id="small", origin="staff", cause="staff:1", service="repair", skill="hvac", priority="P1",
               title_zh="热", title_en="Hot", space_id="b1")  # fmt: skip


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        found.autocommit = True
        parks.apply(found, SMALL, now=T0)
        yield found


def policy(name: str, minutes: float | None = None, **scope: Any) -> SlaPolicy:
    targets = {} if minutes is None else {ClockKind.RESPOND: SlaTarget(ALWAYS, s=minutes * 60)}
    return SlaPolicy(policy_id=name, targets=targets, **scope)


def respond(policies: list[SlaPolicy], facts: OrderFacts) -> float | None:
    terms, _ = terms_for(policies, facts)
    return terms["targets"].get("respond", {}).get("s")


def test_the_most_specific_word_counts() -> None:
    rising = [
        policy("any", 1), policy("priority", 2, priorities=("P1",)), policy("site", 3, spaces=("site",)),
        policy("floor", 4, spaces=("f3", "f4")), policy("service", 5, services=("repair",)),
        policy("contractor", 6, contractors=("otis",)), policy("company", 7, companies=("acme",)),
        policy("company-p1", 8, companies=("acme",), priorities=("P1",)),
    ]  # fmt: skip
    facts = OrderFacts("repair", "P1", ("f3", "b1", "site"), "acme", "otis")
    for upto in range(1, len(rising) + 1):
        assert respond(rising[:upto][::-1], facts) == upto * 60
    everybody = facts._replace(company="other", contractor=None, spaces=("b2", "site"), service="cleaning")
    assert respond(rising, everybody) == 3 * 60
    # What a policy leaves out comes from the next that fits; the first by id speaks where two are as specific.
    terms, missing = terms_for([*BUILT_IN, policy("contract", 20, companies=("acme",))], facts)
    assert not missing and terms["targets"]["respond"]["s"] == 1200 and terms["targets"]["restore"]["s"] == 4 * 3600
    assert terms["from"] == ["contract@0", "default-p1@0", "default@0"]
    assert (terms["policy"], terms["version"]) == ("contract", 0)
    assert respond([policy("b", 2), policy("a", 1)], facts) == 60
    assert terms_for([policy("any", 1)], facts)[1] == [
        "acknowledge", "restore", "thresholds", "pauses", "steps", "confirm_days",
    ]  # fmt: skip


def test_a_park_without_policies_has_sensible_ones(conn: psycopg.Connection) -> None:
    terms = sla_terms.stamp(conn, NEW, now=T0)
    assert terms["targets"]["acknowledge"] == {"s": 300.0, "calendar": ALWAYS, "calendar_version": 1}
    assert [terms["targets"][kind]["s"] for kind in ("respond", "restore")] == [1800.0, 14400.0]
    fourth = sla_terms.stamp(conn, replace(NEW, priority="P4"), now=T0)
    assert fourth["targets"]["respond"] == {
        "by": "next-working-day", "days": 1, "calendar": WORKING, "calendar_version": 1,
    }  # fmt: skip
    assert terms["thresholds"] == [50, 80, 100, 150] and terms["confirm_days"] == 3


def write(tmp_path: Path, text: str) -> dict[str, list[Any]]:
    (tmp_path / "sla.toml").write_text(text, encoding="utf-8")
    return desk.read(tmp_path / "sla.toml")


FILE = """
[[calendars]]
id = "lobby"
windows = [{ days = ["working", "make-up"], from = "07:30", until = "21:00" }]
exceptions = [{ day = 2026-11-24, windows = [{ from = "10:00", until = "11:00" }] }]
[[policies]]
id = "all"
acknowledge = { minutes = 10, calendar = "lobby" }
respond = { minutes = 20, calendar = "always" }
restore = { working_days = 2, calendar = "working-hours" }
thresholds = [100, 60]
pauses_hours = { parts = 2 }
steps = [{ after_minutes = 3, level = 2 }]
confirm_days = 2
"""


def test_a_file_makes_versions_and_orders_keep_theirs(conn: psycopg.Connection, tmp_path: Path) -> None:
    first = desk.apply(conn, "small", write(tmp_path, FILE), now=T0)
    assert first["calendars"] == (1, 0, 0) and first["policies"] == (1, 0, 0)
    assert desk.apply(conn, "small", write(tmp_path, FILE), now=T0)["policies"] == (0, 0, 0)
    order, _ = orders.open_(conn, NEW, now=T0)
    changed = FILE.replace("minutes = 10", "minutes = 15").replace("21:00", "22:00")
    again = desk.apply(conn, "small", write(tmp_path, changed), now=T0)
    assert again["calendars"] == (0, 1, 0) and again["policies"] == (0, 1, 0)
    (kept,) = conn.execute("select terms from smartpark.work_order where work_order = %s", [order]).fetchone() or ({},)
    assert (kept["version"], kept["targets"]["acknowledge"]["s"]) == (1, 600)
    assert kept["targets"]["acknowledge"]["calendar_version"] == 1 and kept["thresholds"] == [60, 100]
    new = sla_terms.restamp(conn, order, priority="P3", now=T0)
    assert new["version"] == 2 and new["targets"]["acknowledge"] == {
        "s": 900.0, "calendar": "lobby", "calendar_version": 2,
    }  # fmt: skip
    key = [("lobby", 1), ("lobby", 2)]
    since = datetime(2026, 11, 23, 16, tzinfo=UTC)
    spans = business_calendars.openings(conn, "small", key, since=since, until=since + timedelta(days=2))
    hours = [[(end - start).total_seconds() / 3600 for start, end in spans[one].spans] for one in key]
    assert hours == [[1, 13.5], [1, 14.5]]  # the exception, then a working day
    made = conn.execute(
        "select count(*) from smartpark.audit_log where action in ('business-calendar', 'desk-apply')"
    ).fetchone()
    assert made and made[0] >= 5


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("minutes = 10", "minutes = 10, working_days = 1", "acknowledge: write minutes or working_days"),
        ("{ parts = 2 }", "{ coffee = 2 }", "nobody waits for coffee"),
        ('calendar = "always"', 'calendar = "never"', "there is no calendar never"),
        ('id = "all"', 'id = "all"\npriorities = ["P1"]', "of a P2 order"),
        ('id = "all"', 'id = "all"\nspaces = ["moon"]', "the park has no moon"),
        ("confirm_days = 2", "", "nothing says confirm_days of a P1 order"),
        ('id = "lobby"', 'id = "always"', "this one never closes"),
        ('until = "21:00"', 'until = "7:30"', "until"),
    ],
)
def test_what_a_file_cannot_say(conn: psycopg.Connection, tmp_path: Path, was: str, becomes: str, says: str) -> None:
    with pytest.raises(DeskFileError, match=says):
        desk.apply(conn, "small", write(tmp_path, FILE.replace(was, becomes, 1)), now=T0)
    assert conn.execute("select count(*) from smartpark.sla_policy").fetchone() == (0,)


def test_uncovered_work_says_what_to_write(conn: psycopg.Connection, tmp_path: Path) -> None:
    desk.apply(conn, "small", write(tmp_path, FILE), now=T0)
    conn.execute("update smartpark.sla_policy set retired = true")
    with conn.transaction():
        key = {"park": "small", "policy": "p1", "version": 1, "now": T0, "actor": "x"}
        spec = psycopg.types.json.Jsonb(sla_terms.spec(policy("p1", 5, priorities=("P1",))))
        conn.execute(sla_terms.QUERIES["add_policy_version"], {**key, "spec": spec})
        conn.execute(sla_terms.QUERIES["put_policy"], key)
    with pytest.raises(UnknownTerms, match=r"P1 order for repair: no policy says acknowledge.*\[\[policies\]\]"):
        orders.open_(conn, NEW, now=T0)


def test_calendars_reach_further_when_days_are_known_and_corrections_make_versions(conn: psycopg.Connection) -> None:
    step = KeepCalendars()
    step.run(conn, T0)
    asked = "select version, upper(loaded) from park.calendar_versions where calendar_id = %s order by 1"
    at_midnight = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert conn.execute(asked, [WORKING]).fetchall() == [(1, at_midnight)]  # nobody has published 2027 yet
    assert conn.execute(asked, [ALWAYS]).fetchall() == [(1, at_midnight + timedelta(days=365))]
    order, _ = orders.open_(conn, replace(NEW, priority="P4"), now=datetime(2026, 12, 30, 2, tzinfo=UTC))
    clocks = "select kind, due, fault from smartpark.sla_clock where work_order = %s and kind in ('respond', 'restore')"
    (answered, restored) = conn.execute(clocks + " order by kind", [order]).fetchall()
    assert answered[1] == datetime(2026, 12, 31, 9, 30, tzinfo=UTC) and restored[1] is None
    assert "working-hours is loaded until 2026-12-31" in restored[2]
    assert step.run(conn, T0 + timedelta(hours=1)) == 0
    # The State Council speaks: all years' weekdays are worked, the first of January is not.
    year = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    kinds = [DayKind.HOLIDAY if d.timetuple().tm_yday == 1 else DayKind.WORKING if d.weekday() < 5 else DayKind.DAY_OFF
             for d in year]  # fmt: skip
    calendar.put(conn, "small", [CalendarRow(d, k, None) for d, k in zip(year, kinds, strict=True)])
    assert step.run(conn, T0 + timedelta(hours=2)) == 1
    assert conn.execute(asked, [WORKING]).fetchall() == [(1, at_midnight + timedelta(days=365))]
    (_, restored) = conn.execute(clocks + " order by kind", [order]).fetchall()
    assert restored[1] == datetime(2027, 1, 7, 9, 30, tzinfo=UTC)
    # An engine that dies before it has derived the clocks leaves them to the next one.
    conn.execute("update smartpark.sla_clock set due = null, next = null, fault = 'as before' where kind = 'restore'")
    assert KeepCalendars().run(conn, T0 + timedelta(hours=2)) == 0
    assert conn.execute(clocks + " order by kind", [order]).fetchall()[1] == restored
    # A day off by decree, tomorrow: for orders from now on; what is stamped keeps what it was promised.
    calendar.set_day(conn, "small", CalendarRow(date(2026, 11, 23), DayKind.HOLIDAY, "台风"), now=T0)
    assert step.run(conn, T0 + timedelta(hours=3)) == 1
    assert [version for version, _ in conn.execute(asked, [WORKING])] == [1, 2]
    friday = NEW.happened or datetime(2026, 11, 20, 8, tzinfo=UTC)
    typhoon, _ = orders.open_(conn, replace(NEW, priority="P4", cause="staff:2"), now=friday)
    assert conn.execute(clocks + " order by kind", [typhoon]).fetchone()[1] == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # type: ignore[index]


def test_the_demo_parks_promises_can_be_read() -> None:
    found = desk.read(REPO / "simulators" / "parks" / "qinghe-desk" / "sla.toml")
    assert {row.id for row in found["calendars"]} >= {"working-hours", "lobby"} and len(found["policies"]) >= 6


def test_whose_technician_has_it_answers_for_it(conn: psycopg.Connection, tmp_path: Path) -> None:
    conn.execute("insert into smartpark.contractor values ('small', 'otis', '奥的斯', 'Otis')")
    person = (
        "insert into smartpark.person (park_id, login, name, role, contractor_id, created)"
        " values ('small', %s, %s, 'technician', %s, %s) returning person"
    )
    (own,) = conn.execute(person, ["li", "Li", None, T0]).fetchone() or (0,)
    (theirs,) = conn.execute(person, ["wang", "Wang", "otis", T0]).fetchone() or (0,)
    contract = '[[policies]]\nid = "otis"\ncontractors = ["otis"]\nrestore = { minutes = 60, calendar = "always" }\n'
    desk.apply(conn, "small", write(tmp_path, FILE + contract), now=T0)
    order, _ = orders.open_(conn, NEW, now=T0)

    def assigned(to: int, minute: float) -> tuple[Any, ...]:
        asked = OrderAct(order=order, action=OrderAction.ASSIGN, actor="ops", detail={"person": to})
        orders.act(conn, asked, now=T0 + timedelta(minutes=minute))
        return conn.execute(
            "select contractor_id, terms ->> 'policy', c.due from smartpark.work_order o join smartpark.sla_clock c"
            " using (work_order) where work_order = %s and c.kind = 'restore'", [order]
        ).fetchone() or ()  # fmt: skip

    in_two_days = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # reported in the night to Saturday
    assert assigned(own, 1) == (None, "all", in_two_days)
    assert assigned(theirs, 10) == ("otis", "otis", T0 + timedelta(minutes=70))
    assert assigned(own, 20) == (None, "all", in_two_days)
    details = conn.execute(
        "select detail from smartpark.work_order_event where action = 'assign' order by seq"
    ).fetchall()
    assert ["terms" in detail for (detail,) in details] == [False, True, True]
