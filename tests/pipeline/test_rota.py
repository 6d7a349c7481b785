"""Who is on duty: patterns become shifts over midnight and over summer time, changes count, and the nearest rota
that has somebody is asked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.domain.rota import Rota, Shift, ShiftChange, ShiftPattern, on_duty, planned
from pipeline.engine.desk.duty import FillRotas
from pipeline.store import desk, desk_rotas, rota_verb, rotas
from pipeline.store.database import connect
from pipeline.store.desk_section import DeskFileError
from tests.conftest import REPO
from tests.park import apply_small_park

BEIJING, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


def add_people(conn: psycopg.Connection, *logins: str) -> dict[str, int]:
    """Technicians of the small park."""
    for login in logins:
        conn.execute(
            "insert into smartpark.person (park_id, login, name, role, language, created)"
            " values ('small', %s, %s, 'technician', 'en', %s)",
            [login, login.title(), NOON],
        )
    return dict(conn.execute("select login, person from smartpark.person").fetchall())


@given(
    st.integers(0, 23), st.integers(0, 23), st.integers(1, 9),
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=5),
    st.sampled_from([BEIJING, BERLIN, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Asia/Kathmandu")]),
)  # fmt: skip
def test_two_halves_of_a_day_leave_no_gap_and_never_overlap(
    begins: int, ends: int, turn_days: int, people: list[str], zone: ZoneInfo
) -> None:
    """Day and night shift of any pattern cover a year, whatever summer time does; turns change as they should."""
    both = {"people": tuple(people), "since": date(2026, 1, 1), "turn_days": turn_days}
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    day = ShiftPattern(begins=time(begins), ends=time(ends), **both)  # type: ignore[arg-type]
    night = ShiftPattern(begins=time(ends), ends=time(begins), **both)  # type: ignore[arg-type]
    shifts = sorted(
        [*planned(day, first, last, zone=zone), *planned(night, first, last, zone=zone)], key=lambda s: s.starts
    )
    if begins == ends:
        shifts = shifts[::2]  # each is a whole day
    else:
        assert all(a.ends >= b.starts for a, b in pairwise(shifts[1:]))
        assert all(a.ends <= b.ends for a, b in pairwise(shifts))
    assert all(s.starts < s.ends <= s.starts + 26 * HOUR for s in shifts)
    logins = [s.login for s in planned(day, first, last, zone=zone)]
    assert logins == [people[n // turn_days % len(people)] for n in range(365)]


def test_four_teams_share_three_shifts() -> None:
    """四班三运转: each team is on for one shift and has its day off, and somebody is always there."""
    teams = ("a", "b", "c", "d")
    shifts = []
    for n, (begins, ends) in enumerate(((0, 8), (8, 16), (16, 0))):
        turns = teams[n:] + teams[:n]
        pattern = ShiftPattern(people=turns, begins=time(begins), ends=time(ends), since=date(2026, 1, 1), turn_days=2)
        shifts += planned(pattern, date(2026, 11, 1), date(2026, 11, 30), zone=BEIJING)
    shifts.sort(key=lambda s: s.starts)
    assert all(a.ends == b.starts and a.login != b.login for a, b in pairwise(shifts))
    assert {login: sum(s.login == login for s in shifts) for login in teams}.keys() == set(teams)


def test_the_nearest_rota_that_has_somebody_is_asked_and_changes_count() -> None:
    def ask(skill: str, *path: str, level: int = 1, hour: float = 0) -> tuple[tuple[int, ...], str | None]:
        duty = on_duty(rotas_, shifts, changes, skill=skill, path=path, level=level, at=NOON + hour * HOUR)
        return duty.people, duty.rota_id

    rotas_ = [
        Rota("water", frozenset({"plumbing"})), Rota("b1-water", frozenset({"plumbing"}), "b1"),
        Rota("b1-all", frozenset({"*"}), "b1"), Rota("rest", frozenset({"*"})),
    ]  # fmt: skip
    shifts = [
        Shift("water", 1, NOON, NOON + 8 * HOUR, 1), Shift("b1-water", 2, NOON, NOON + 4 * HOUR, 1),
        Shift("rest", 3, NOON, NOON + 8 * HOUR, 1), Shift("rest", 9, NOON, NOON + 8 * HOUR, 2),
    ]  # fmt: skip
    changes: list[ShiftChange] = []
    assert ask("plumbing", "room", "b1", "site") == ((2,), "b1-water")
    assert ask("plumbing", "b2", "site") == ((1,), "water")
    assert ask("plumbing", "room", "b1", "site", hour=5) == ((1,), "water"), "the nearer one has nobody any more"
    assert ask("lifts", "b1", "site") == ((3,), "rest"), "whatever no rota has by name"
    assert ask("plumbing", level=2) == ((9,), "rest")
    assert ask("plumbing", level=3) == ((), None)
    changes += [
        ShiftChange("water", NOON, NOON + HOUR, away=1, instead=4),
        ShiftChange("water", NOON, NOON + 2 * HOUR, away=4, instead=5),
        ShiftChange("water", NOON, NOON + HOUR, away=None, instead=6, level=1),
    ]
    assert ask("plumbing", "b2") == ((5, 6), "water"), "who comes instead may be away too; somebody comes beside"
    assert ask("plumbing", "b2", hour=1) == ((1,), "water"), "a change ends with its time"
    changes.append(ShiftChange("water", NOON + 3 * HOUR, NOON + 4 * HOUR, away=1, instead=None))
    assert ask("plumbing", "b2", hour=3) == ((3,), "rest"), (
        "away, and nobody instead: never nobody, where another rota fits"
    )


DESK = """
[[rotas]]
id = "water"
name = { zh = "给排水", en = "Water" }
skills = ["plumbing"]
shifts = [
  { people = ["li", "wang"], from = "08:00", to = "20:00", since = 2026-11-20 },
  { people = ["wang", "li"], from = "20:00", to = "08:00", since = 2026-11-20 },
  { people = ["chen"], from = "00:00", to = "00:00", level = 2 },
]
[[contacts]]
person = "li"
channel = "ntfy"
address = "https://ntfy.example/li"
[[contacts]]
person = "li"
channel = "email"
address = "mailto:li@example.com"
"""


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        apply_small_park(found)
        found.autocommit = True
        add_people(found, "li", "wang", "chen", "zhao")
        yield found


def verb(conn: psycopg.Connection, *words: str) -> dict[str, Any]:
    """`park rota WORDS`."""
    return rota_verb.run(conn, rota_verb.parser().parse_args(words), now=NOON)


def applied(conn: psycopg.Connection, tmp_path: Path, text: str, at: datetime) -> dict[str, tuple[int, int, int]]:
    file = tmp_path / "rotas.toml"
    file.write_text(text)
    return {name: tuple(one) for name, one in desk.apply(conn, "small", desk.read(file), now=at).items()}  # type: ignore[misc]


def test_a_desk_file_says_who_is_on_duty_and_a_swap_changes_it(conn: psycopg.Connection, tmp_path: Path) -> None:
    def on(hours: float, level: int = 1) -> list[str]:
        plan = rotas.plan_at(conn, "small", NOON + hours * HOUR)
        return [logins[person] for person in plan.ask("plumbing", ["b1", "site"], level).people]

    assert applied(conn, tmp_path, DESK, NOON) == {"rotas": (1, 0, 0), "contacts": (1, 0, 0)}
    assert applied(conn, tmp_path, DESK, NOON) == {"rotas": (0, 0, 0), "contacts": (0, 0, 0)}, "the same again: nothing"
    logins = {person: login for login, person in add_people(conn).items()}
    assert [on(hours) for hours in (0, 9, 21, 33)] == [["li"], ["wang"], ["wang"], ["li"]]  # noon is 12:00 in the park
    assert on(27 * 24) == ["wang"] and on(0, 2) == ["chen"]
    assert FillRotas().run(conn, NOON) == 0
    assert FillRotas().run(conn, NOON + 24 * HOUR) == 3, "a day later, a day more"
    assert rotas.gaps(conn, "small", NOON) == []

    number = rotas.change(conn, "small", "water", starts=NOON, ends=NOON + 3 * HOUR, away="li", instead="zhao",
                          level=None, reason="ill", actor="chen", now=NOON)  # fmt: skip
    assert [on(1), on(3)] == [["zhao"], ["li"]]
    rotas.cancel(conn, number, actor="chen", now=NOON)
    assert on(1) == ["li"]
    with pytest.raises(NotFound):
        rotas.cancel(conn, number, actor="chen", now=NOON)
    actions = conn.execute("select action from smartpark.audit_log order by entry").fetchall()
    assert [a for (a,) in actions if a.startswith("shift")] == ["shift-change", "shift-change-cancel"]
    # The same from a terminal.
    beijing = (NOON + HOUR).astimezone(BEIJING).isoformat()
    change = ["change", "water", "--from", beijing, "--to", "2026-11-20T18:00+08:00"]
    beside = [*change, "--instead", "zhao", "--reason", "help"]
    made = verb(conn, *beside, "--actor", "chen")
    assert on(2) == ["li", "zhao"]
    told = verb(conn, "show", "--at", beijing, "--hours", "2")
    assert [row["people"] for row in told["duty"]] == [["li", "zhao"], ["chen"]] and told["gaps"] == []
    assert "12:00 to 11-20 20:00  water          1 li" in rota_verb.words(told)  # its shift began when it was applied
    assert f"(change {made['change']}: help)" in rota_verb.words(told)
    assert verb(conn, "cancel", str(made["change"]), "--actor", "chen") == {"ok": True, "cancelled": made["change"]}
    with pytest.raises(ConfigurationError, match="--away, or --instead"):
        verb(conn, *change, "--reason", "x")
    with pytest.raises(NotFound, match="rota fire"):
        verb(conn, "change", "fire", *beside[2:])
    conn.execute("update smartpark.person set active = false where login = 'li'")
    assert on(1) == [] and rotas.gaps(conn, "small", NOON + HOUR) == ["plumbing"], "who left is not on duty"
    conn.execute("update smartpark.person set active = true where login = 'li'")

    # Another pattern takes over in the middle of a shift; what was worked stays.
    later = NOON + 2 * HOUR
    swapped = DESK.replace('["li", "wang"], from', '["zhao"], from').split("[[contacts]]", maxsplit=1)[0]
    assert applied(conn, tmp_path, swapped, later) == {"rotas": (0, 1, 0)}
    assert [on(1), on(2), on(21)] == [["li"], ["zhao"], ["zhao"]]
    empty = applied(conn, tmp_path, swapped.replace('id = "water"', 'id = "other"'), later + HOUR)
    assert empty == {"rotas": (1, 0, 1)}
    assert on(4) == ["zhao"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"wang"]', '"nobody"]', "nobody who works here has the login nobody"),
        ('to = "20:00"', 'to = "24:00"', "number 1"),
        ("skills =", 'space = "b9"\nskills =', "no space b9"),
        ('"https://ntfy.example/li"', '"https://ntfy.example/"', "ends in its topic"),
        ('"https://ntfy.example/li"', '"https://me:secret@ntfy.example/li"', "without a password"),
        ('"https://ntfy.example/li"', '"file:///etc/passwd"', "an address such as https"),
        ('"mailto:li@example.com"', '"mailto:li@example.com\\nBcc: all@example.com"', "no control characters"),
        ('"mailto:li@example.com"', '"mailto:li@example.com,b@example.com"', "write mailto"),
    ],
)
def test_a_wrong_desk_file_is_refused_whole(
    conn: psycopg.Connection, tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in DESK
    with pytest.raises(DeskFileError, match=told):
        applied(conn, tmp_path, DESK.replace(old, new), NOON)
    assert conn.execute("select count(*) from smartpark.rota").fetchone() == (0,)


def test_in_the_demonstration_park_every_skill_has_somebody_day_and_night() -> None:
    folder = REPO / "simulators/parks/qinghe-desk"
    found = desk.read(folder)
    logins = {row.login for row in found["people"]}
    wanted = {row.skill for row in found["services"] if row.skill} | {"operations", "security", "fire", "civil"}
    wanted |= {skill for row in found["people"] for skill in row.skills}
    rota_list = [Rota(row.id, frozenset(row.skills), row.space) for row in found["rotas"]]
    numbers = {login: n for n, login in enumerate(sorted(logins))}
    first = date(2026, 11, 2)
    shifts = [
        Shift(row.id, numbers[one.login], one.starts, one.ends, pattern.level)
        for row in found["rotas"]
        for pattern in map(desk_rotas.pattern_of, row.shifts)
        for one in planned(pattern, first, first + timedelta(days=15), zone=BEIJING)
    ]
    begin = datetime(2026, 11, 3, tzinfo=BEIJING)
    for hour in range(14 * 24):
        at = begin + hour * HOUR
        for skill in wanted:
            for level in (1, 2, 3):
                duty = on_duty(rota_list, shifts, [], skill=skill, path=["b1", "site"], level=level, at=at)
                assert duty.people, (skill, level, at)
                assert level > 1 or duty.rota_id != "desk" or skill == "operations", (skill, at)
