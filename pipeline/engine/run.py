"""`park engine`: the process that runs the ordered list of steps. Several may run; each step has one at a time."""

import argparse
import logging
import threading
from datetime import timedelta

import psycopg

from pipeline.domain.errors import Unavailable
from pipeline.engine.alarms import clock_faults, deadlines, holds, no_data, notices, withdrawn
from pipeline.engine.alarms.chatter import Chatter
from pipeline.engine.alarms.floods import AlarmFloods
from pipeline.engine.alarms.incidents import Incidents
from pipeline.engine.alarms.usual import LearnUsual
from pipeline.engine.alarms.windows import Windows
from pipeline.engine.calendar import FillCalendar
from pipeline.engine.conditions import Conditions
from pipeline.engine.desk import closing, from_alarms, plans, sla, supervision, telling, verification
from pipeline.engine.desk.bookings import NoShows
from pipeline.engine.desk.duty import FillRotas
from pipeline.engine.desk.escalation import Escalation, taking
from pipeline.engine.retention import Retention
from pipeline.engine.rollup import RollUp
from pipeline.engine.rollup_community import CommunityRollUp
from pipeline.engine.silence import Silence
from pipeline.engine.steps import Engine, Step
from pipeline.evidence.heads import AuditHeads
from pipeline.process import running
from pipeline.settings import Settings
from pipeline.store import policies, schema
from pipeline.store.database import connect, first_line

log = logging.getLogger(__name__)
TICK_S = 1.0
BACKOFF_S = 2.0


def steps(edition: str, settings: Settings) -> list[Step]:
    """The engine's table of contents, in order."""
    # Days are made from 15-minute rows: where those are gone, a late reading would be all of its day.
    whole_days = settings.raw_days if edition == "plain" else min(settings.raw_days, settings.rollup_days)
    if edition == "community":
        rollup = Step("roll-ups", CommunityRollUp(whole_days).run, timedelta(seconds=5), transaction=False)
    else:
        rollup = Step("roll-ups", RollUp(edition, whole_days).run, timedelta(seconds=5))
    return [
        Step("silence", Silence().run, timedelta(seconds=1)),
        *alarm_steps(settings),
        rollup,
        Step("conditions", Conditions(settings).run, timedelta(seconds=10)),
        *desk_steps(settings),
        *request_steps(settings),
        Step("calendar", FillCalendar().run, timedelta(hours=1)),
        Step(
            "audit heads",
            AuditHeads(settings.secrets, settings.audit_heads).run,
            timedelta(minutes=1),
            transaction=False,
        ),
        Step("retention", Retention(edition, settings).run, timedelta(hours=1)),
    ]


def alarm_steps(settings: Settings) -> list[Step]:
    """What the clock does to alarms, in order; each step takes its own transactions, a bite at a time."""
    second, five = timedelta(seconds=1), timedelta(seconds=5)
    beat = second * settings.clock.speed
    shortest = timedelta(seconds=settings.silence_floor)
    return [
        Step("alarms withdrawn", withdrawn.run, second, transaction=False),
        Step("alarm windows", Windows(beat).run, max(five, beat)),
        Step("usual", LearnUsual().run, timedelta(minutes=10)),
        Step("wrong clocks", clock_faults.run, five),
        Step("lost devices", no_data.LostDevices(shortest).run, second, transaction=False),
        Step("silent points", no_data.SilentPoints(shortest).run, five, transaction=False),
        Step("alarm deadlines", deadlines.run, second, transaction=False),
        Step("alarm holds", holds.Holds(shortest).run, second, transaction=False),
        Step("alarm chatter", Chatter().run, second),
        Step("alarm incidents", Incidents(timedelta(minutes=settings.incident_minutes)).run, second),
        Step("alarm notices", notices.run, second, transaction=False),
        Step("alarm floods", AlarmFloods().run, five),
    ]


def desk_steps(settings: Settings) -> list[Step]:
    """What the clock does to work orders and requests, in order."""
    second = timedelta(seconds=1)
    five = timedelta(seconds=5)
    return [
        Step("business calendars", sla.KeepCalendars().run, timedelta(hours=1), transaction=False),
        Step("orders from alarms", from_alarms.run, second, transaction=False),
        Step("verification", verification.run, five, transaction=False),
        Step("closing", closing.run, five, transaction=False),
        Step("plans", plans.run, timedelta(seconds=10), transaction=False),
        Step("rotas", FillRotas().run, timedelta(minutes=1)),
        Step("escalation", Escalation(taking(settings.public_url)).run, second, transaction=False),
        Step("sla clocks", sla.run, second, transaction=False),
        Step("clocks told", telling.clocks, second, transaction=False),
        Step("pages told", telling.pages, second, transaction=False),
    ]


def request_steps(settings: Settings) -> list[Step]:
    """What the clock does to requests and bookings, in order."""
    five, day = timedelta(seconds=5), timedelta(days=1)
    return [
        Step("supervision", supervision.supervise, five, transaction=False),
        Step("request endings", supervision.Ending(settings.silence_days * day).run, five, transaction=False),
        Step("no-shows", NoShows(timedelta(minutes=settings.no_show_minutes)).run, timedelta(seconds=10)),
        Step("forgetting", supervision.Forgetting(settings.contact_days * day).run, timedelta(minutes=10)),
    ]


def main(argv: list[str]) -> int:
    """`park engine`."""
    parser = argparse.ArgumentParser(prog="park engine", description="Run the time-driven steps.")
    parser.parse_args(argv)
    settings = Settings.from_env()
    missing = ["not started"]
    with running(settings, ready=lambda: list(missing)) as stop:
        while not stop.is_set():
            try:
                _serve(settings, stop, missing)
            except (Unavailable, psycopg.Error) as error:
                missing[:] = [f"the database is away: {first_line(error)}"]
                log.warning("%s", missing[0])
                stop.wait(BACKOFF_S)
    return 0


def _serve(settings: Settings, stop: threading.Event, missing: list[str]) -> None:
    with connect(settings.require("database_url"), application="park engine") as conn:
        conn.autocommit = True
        edition = schema.check(conn)
        if edition == "community":
            policies.check(conn, settings)
        engine = Engine(steps(edition, settings))
        while not stop.is_set():
            engine.tick(conn, settings.clock.now())
            missing[:] = [f"step {name}: {error}" for name, error in engine.failing.items()]
            stop.wait(TICK_S if not settings.clock.virtual else max(0.05, settings.clock.real_seconds(TICK_S)))
