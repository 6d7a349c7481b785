"""Whoever sits in the control room of an evaluation: sees each alarm some minutes after it was put before people."""

from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from pipeline.store import alarm_acts
from pipeline.store.alarm_acts import Person
from pipeline.store.queries import load

SEES_AFTER = timedelta(minutes=5)  # park time; without it no alarm would ever close, and none could be raised twice
QUERIES = load(Path(__file__).parent / "sql")


def look(conn: psycopg.Connection, now: datetime) -> int:
    """Acknowledges what has been waiting for long enough, and resets what latched; how many alarms."""
    person = Person.named("evaluation", now)
    with conn.transaction():
        waiting = [a for (a,) in conn.execute(QUERIES["waiting_alarms"], {"before": now - SEES_AFTER})]
        if waiting:
            alarm_acts.acknowledge(conn, waiting, person)
        latched = [a for (a,) in conn.execute(QUERIES["latched_alarms"])]
        for alarm in latched:
            alarm_acts.reset(conn, alarm, person)
    return len(waiting) + len(latched)
