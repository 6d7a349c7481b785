"""What people are told beside an order that wants to be taken: clocks that run out, and alarms that open no order."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from pipeline.domain import escalation
from pipeline.domain.notification import OF_ALARM, URGENCY
from pipeline.domain.rota import FIRST, HEAD, LEAD
from pipeline.domain.wording import Matter, Words, worded
from pipeline.domain.work_order import ENDED, FINISHED, OrderState
from pipeline.store import outbox, rotas
from pipeline.store.outbox import QUERIES, Message

Row = dict[str, Any]
BITE = 200
LOOK_BACK = timedelta(hours=24)  # what is older was no news any more when this could be told
GRACE = timedelta(seconds=5)  # an alarm's order may be opened by the step after this one
_KIND = {"acknowledge": ("接单", "taking it"), "respond": ("到场", "being on site"), "restore": ("修复", "restoring")}


class Duties:
    """Who is on duty in one run of a step: each park's plan is read once, and where each space lies."""

    def __init__(self, conn: psycopg.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now
        self._plans: dict[str, rotas.DutyPlan] = {}
        self._paths: dict[tuple[str, str | None], list[str]] = {}

    def ask(self, row: Row, skill: str, level: int) -> tuple[int, ...]:
        """The people of a level for a skill, where an order or alarm is."""
        park_id, place = row["park_id"], (row["park_id"], row["space_id"])
        if park_id not in self._plans:
            self._plans[park_id] = rotas.plan_at(self._conn, park_id, self._now)
        if place not in self._paths:
            self._paths[place] = rotas.path(self._conn, *place)
        return self._plans[park_id].ask(skill, self._paths[place], level).people


def clocks(conn: psycopg.Connection, now: datetime) -> int:
    """Tells of thresholds and breaches of clocks, once each. Returns how many were looked at."""
    done, duty = 0, Duties(conn, now)
    while rows := _rows(conn, "untold_clocks", since=now - LOOK_BACK, now=now):
        with conn.transaction():
            for row in rows:
                _told(conn, "sla", row["entry"], _clock(conn, row, duty, now), now)
        done += len(rows)
        if len(rows) < BITE:
            break
    return done


def pages(conn: psycopg.Connection, now: datetime) -> int:
    """Tells the people of an alarm's operator position of a page that opened no order. Returns how many."""
    done, duty = 0, Duties(conn, now)
    while rows := _rows(conn, "untold_pages", since=now - LOOK_BACK, before=now - GRACE):
        with conn.transaction():
            for row in rows:
                _told(conn, "page", row["notice"], _page(conn, row, duty, now), now)
        done += len(rows)
        if len(rows) < BITE:
            break
    return done


def order_words(row: Row, why: tuple[str, str], *, due_of: str) -> Callable[[str], Words]:
    """The words of a message about an order, by language."""
    return _words(row, f"WO-{row['work_order']}", row["priority"], (row["title_zh"], row["title_en"]), why, due_of)


def _clock(conn: psycopg.Connection, row: Row, duty: Duties, now: datetime) -> Iterable[int]:
    telling = escalation.of_clock(row["kind"], row["what"], row["percent"] or 0.0, row["priority"])
    state = OrderState(row["state"])
    if telling is None or state in ENDED or state in FINISHED:
        return ()
    people = [row["assignee"]] if telling.assignee and row["assignee"] is not None else []
    for level in telling.levels:
        people += duty.ask(row, row["skill"], level)
    what_zh, what_en = _KIND[row["kind"]]
    if row["what"] == "breach":
        why = (f"已超时：{what_zh}", f"Past its time: {what_en}")
    else:
        why = (f"{what_zh}时限已用 {row['percent']:.0f}%", f"{row['percent']:.0f}% of the time for {what_en} is used")
    message = Message(
        park_id=row["park_id"], cause=f"sla:{row['entry']}", urgency=URGENCY[row["priority"]], order=row["work_order"],
        words=order_words(row, why, due_of=row["kind"]),
    )  # fmt: skip
    return outbox.put(conn, message, people, now=now)


def _page(conn: psycopg.Connection, row: Row, duty: Duties, now: datetime) -> Iterable[int]:
    title = (f"{row['title_zh']} {row['device_zh'] or ''}", f"{row['title_en']} {row['device_en'] or ''}")
    why = ("报警，请查看", "An alarm: please look at it")
    message = Message(
        park_id=row["park_id"], cause=f"alarm:{row['alarm']}:{row['notice']}", urgency=OF_ALARM[row["priority"]],
        words=_words(row, f"A-{row['alarm']}", row["priority"], title, why, "respond"), alarm=row["alarm"],
    )  # fmt: skip
    for level in (FIRST, LEAD, HEAD):
        people = duty.ask(row, row["position"], level)
        if people and (reached := outbox.put(conn, message, people, now=now)):
            return reached
    rest = [person for (person,) in conn.execute(QUERIES["last_resort"], {"park": row["park_id"]})]
    return outbox.put(conn, message, rest, now=now)


def _words(row: Row, number: str, priority: str, title: tuple[str, str], why: tuple[str, str],
           due_of: str) -> Callable[[str], Words]:  # fmt: skip
    place = tuple(" ".join(part for part in (row[f"building_{x}"], row[f"space_{x}"]) if part) for x in ("zh", "en"))
    matter = Matter(number=number, priority=priority, title=title, place=(place[0], place[1]), due=row["due"],
                    due_of=due_of, why=why)  # fmt: skip
    zone = ZoneInfo(row["time_zone"])
    return lambda language: worded(matter, language, zone=zone)


def _told(conn: psycopg.Connection, kind: str, number: int, people: Iterable[int], now: datetime) -> None:
    values = {"kind": kind, "number": number, "now": now, "people": list(people)}
    conn.execute(QUERIES["tell_once"], values)


def _rows(conn: psycopg.Connection, query: str, **values: Any) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], {**values, "bite": BITE}).fetchall()
