"""`park notifier`: sends what is in the outbox. Several may run; a message is claimed by one of them at a time."""

import argparse
import logging
import threading

import psycopg

from pipeline.domain.errors import ConfigurationError, Unavailable
from pipeline.notifier import channels
from pipeline.notifier.sender import Sender
from pipeline.process import running
from pipeline.settings import Settings
from pipeline.store import schema
from pipeline.store.database import connect, first_line

log = logging.getLogger(__name__)
ROLE = "park_notifier"
TICK_S = 0.5
BACKOFF_S = 2.0
STOP_S = 5.0  # beside the time that a provider has


def main(argv: list[str]) -> int:
    """`park notifier`."""
    parser = argparse.ArgumentParser(prog="park notifier", description="Send what is in the outbox.")
    parser.parse_args(argv)
    settings = Settings.from_env()
    if not 1 <= settings.notify_workers <= 64:
        raise ConfigurationError("PARK_NOTIFY_WORKERS is from 1 to 64")
    sender = Sender(
        channels.of(settings), clock=settings.clock, timeout_s=settings.notify_timeout, workers=settings.notify_workers
    )
    missing = ["not started"]
    with running(settings, ready=lambda: list(missing)) as stop:
        for variable, value, what in (
            ("PARK_NOTIFY_WEBHOOK_SECRET", settings.notify_webhook_secret, "webhook"),
            ("PARK_NOTIFY_SMTP_URL", settings.notify_smtp_url, "email"),
        ):
            if not value:
                log.warning("%s is not set: messages by %s fail as invalid", variable, what)
        while not stop.is_set():
            try:
                serve(sender, settings, stop, missing)
            except (Unavailable, psycopg.Error) as error:
                missing[:] = [f"the database is away: {first_line(error)}"]
                log.warning("%s", missing[0])
                stop.wait(BACKOFF_S)
    return 0


def serve(sender: Sender, settings: Settings, stop: threading.Event, missing: list[str]) -> None:
    """Until it is told to stop, or the database goes away."""
    with connect(settings.require("database_url"), role=ROLE, application="park notifier") as conn:
        conn.autocommit = True
        schema.check(conn)
        missing[:] = []
        while not stop.is_set():
            sender.turn(conn, settings.clock.now(), wait_s=TICK_S)
        sender.close(conn, within_s=settings.notify_timeout + STOP_S)
