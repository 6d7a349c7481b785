"""`park simulate`: the simulated park as a process, publishing until it is told to stop; `park simulate desk`: its
people."""

import argparse
import importlib
import json
import logging
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import health, parkfile
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Park
from pipeline.log import configure
from pipeline.settings import Settings
from simulators.happenings import EPOCH
from simulators.journal import Journal
from simulators.publisher import Publisher, micros, real_us
from simulators.scenarios import draw, script, truth
from simulators.scenarios.trouble import Trouble
from simulators.schedule import Cast

PARK_FILE = Path(__file__).parent / "parks" / "qinghe.toml"
SEED = 1
CATCH_UP = timedelta(minutes=15)  # happenings of at most so long a pause are told late; longer ago they are forgotten

log = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    """`park simulate`; 0 when every message was acknowledged by the broker, else 1."""
    if argv[:1] == ["desk"]:
        return importlib.import_module("simulators.desk.run").main(argv[1:])  # type: ignore[no-any-return]
    args = _arguments(argv)
    settings = Settings.from_env()
    configure(settings)
    clock, now = settings.clock, settings.clock.now()
    park = parkfile.read(args.park)
    troubles = _scenario(park, args, start=args.scenario_start or now, home=settings.home) if args.scenario else None
    cast = Cast(park, args.seed, _boot(real_us()), rate=args.rate, faulty=not args.faultless, troubles=troubles)
    journal_path = args.journal or settings.home / "journal.sqlite"
    journal = Journal(journal_path, park_id=cast.park.park_id, real_us=real_us(), park_us=micros(now))
    publisher = Publisher(cast, mqtt_url=settings.require("mqtt_url"), journal=journal, clock=clock)
    port = args.metrics_port or settings.metrics_port
    server = health.serve(port, ready=publisher.missing, host=settings.metrics_host) if port else None
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    log.info("publishing %s: %d devices, seed %d", cast.park.park_id, len(cast.park.devices), args.seed)
    publisher.run(stop, since=_since(args.since, now=now, last_us=journal.last_us))
    missing = publisher.outstanding
    log.info("stopped: %d messages, %d readings, %d unacknowledged", publisher.messages, publisher.readings, missing)
    journal.close()
    if server:
        server.shutdown()
        server.server_close()
    if args.json:
        figures = {"messages": publisher.messages, "readings": publisher.readings, "repeats": publisher.repeats}
        print(json.dumps({**figures, "unacknowledged": missing}))
    return 1 if missing else 0


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="park simulate", description="Publish a simulated park over MQTT.")
    parser.add_argument("--park", type=Path, default=PARK_FILE, help="park file (default: the demo park)")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="the same seed makes the same park (default %(default)s)"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="readings so many times as often (default %(default)s)")
    parser.add_argument(
        "--journal", type=Path, help="journal of what was published (default: PARK_HOME/journal.sqlite)"
    )
    parser.add_argument("--since", type=_instant, help="tell what happened at gates since then, too (ISO 8601)")
    parser.add_argument("--faultless", action="store_true", help="no standing faults, repeats or late messages")
    parser.add_argument("--scenario", metavar="NAME", help=f"{', '.join(script.names())}, or a file of your own")
    parser.add_argument("--scenario-start", type=_instant, help="when it begins or began (ISO 8601; default: now)")
    parser.add_argument("--truth", type=Path, help="write what will happen there (default: PARK_HOME/truth.jsonl)")
    parser.add_argument("--metrics-port", type=int, default=0, help="serve /metrics, /healthz and /readyz there")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    if args.rate <= 0:
        raise ConfigurationError(f"--rate {args.rate:g}: write a number above 0")
    return args


def _scenario(park: Park, args: argparse.Namespace, *, start: datetime, home: Path) -> Trouble:
    """What the scenario makes of this park; its truth is written before anything is published."""
    rules = {rule.rule_id: rule for rule in park.rules or ()}
    faults = draw.draw(script.read(args.scenario), park, rules=rules, seed=args.seed, start=start)
    path = args.truth or home / "truth.jsonl"
    truth.write(path, draw.truth(faults, park, rules=rules, seed=args.seed))
    log.info("scenario %s: %d faults; the truth is in %s", args.scenario, len(faults), path)
    return Trouble(park, faults)


def _since(given: datetime | None, *, now: datetime, last_us: int | None) -> datetime:
    """Where happenings go on: after the journal's last message or at --since, but never longer ago than CATCH_UP."""
    last = EPOCH + timedelta(microseconds=last_us + 1) if last_us is not None else None
    wanted = max((t for t in (given, last) if t is not None), default=now)
    return wanted if now - CATCH_UP <= wanted <= now else now


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset; add +08:00 or Z")
    return instant.astimezone(UTC)


def _boot(now_us: int) -> str:
    """A name for this start that no other start has."""
    return f"{now_us // 1000:x}"
