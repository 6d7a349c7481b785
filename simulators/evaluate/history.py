"""Tells the days before an evaluation, as far as a rule must know them: what is usual is learnt from stored days."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.domain.clock import local_day_start
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Park
from pipeline.domain.rule import Deviation
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store.database import connect
from simulators.backfill import backfill
from simulators.scenarios.fault import Book
from simulators.signals.site import Site

ROLL_UPS = "roll-ups"
HEARD_AGAIN = timedelta(hours=1)  # nobody is missed between history's end and the scenario's begin


def tell(
    database_url: str, park: Park, *, days: int, begin: datetime, seed: int, edition: str, settings: Settings
) -> None:
    """So many whole days before that of `begin`, of the devices whose deviation from the usual is watched, rolled up
    for the engine, which learns at its start."""
    rules = {rule.rule_id: rule for rule in park.rules or ()}
    book = Book(park, rules, Site(park, seed))
    watched = {
        d.device_id for r in rules.values() if isinstance(r.condition, Deviation) for d in book.subjects(r.rule_id)
    }
    if not watched:
        raise ConfigurationError("history_days: no rule of this park looks at what is usual")
    today = local_day_start(begin.astimezone(ZoneInfo(park.time_zone)))
    patient = replace(settings, silence_floor=(begin - today + HEARD_AGAIN).total_seconds())
    with connect(database_url, application="park evaluate history") as conn:
        backfill(
            Writer(conn, patient),
            park,
            until=today,
            days=(today - local_day_start(today, -days)) / timedelta(days=1),
            seed=seed,
            faulty=False,
            only=watched,
        )
        conn.commit()
        conn.autocommit = True
        engine = Engine([step for step in steps(edition, settings) if step.name == ROLL_UPS])
        engine.tick(conn, begin)
        if engine.failing:
            raise ConfigurationError(f"history was not rolled up: {engine.failing[ROLL_UPS]}")
