"""A short torture of the real stack; and that its plan is kept and its account can fail."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import secrets
from collectors.credentials import CredentialBook
from collectors.reader import Reader
from pipeline.domain.message import Batch, Message
from pipeline.ingest import Writer
from pipeline.store import parks
from pipeline.store.database import connect
from simulators.torture import plan as plans
from simulators.torture.account import Account, account
from simulators.torture.ledger import Fate, Ledger
from simulators.torture.speech import Speech
from simulators.torture.town import park, speakers
from tests.conftest import REPO

NOW = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
SEED = 11
ODDITIES = {
    "contradiction",
    "duplicate",
    "garbage",
    "no-identity",
    "re-sent",
    "reorder",
    "unidentified",
    "untrusted-time",
}


def test_nothing_is_lost_or_doubled_under_every_fault(tmp_path: Path, timescaledb_root: Path) -> None:
    (tmp_path / "timescaledb").symlink_to(timescaledb_root.parent)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARK_")}
    words = ["torture", "--minutes", "0.6", "--seed", str(SEED), "--rate", "200", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "park", *words],
        env={**env, "PARK_HOME": str(tmp_path)},
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["seed"] == SEED
    assert (told["lost"], told["duplicates"], told["wrong"], told["unexpected"], told["stored_and_refused"]) == (0,) * 5
    assert told["sent"] == told["stored"] + told["conflicts"] + told["dead_letters"] > 3000
    assert told["unidentified"] > 0
    assert {kind.name for kind in plans.KINDS} | ODDITIES <= told["faults"].keys()


@given(st.integers(), st.floats(1, 3600))
def test_a_plan_is_the_seeds_and_strikes_with_everything_but_nothing_twice_at_once(seed: int, seconds: float) -> None:
    made = plans.make(seed, seconds=seconds)
    assert made == plans.make(seed, seconds=seconds)
    assert {f.kind for f in made} == {k.name for k in plans.KINDS}
    for target in {f.target for f in made}:
        struck = [f for f in made if f.target == target]
        assert all(a.ends_s < b.at_s for a, b in pairwise(struck))


def test_the_same_seed_says_the_same() -> None:
    def hear(seed: int) -> list[bytes]:
        speech, rng, crowd = Speech(seed), Random(seed), speakers()
        return [speech.say(rng.choice(crowd), n, 1_795_243_200_000_000 + n * 1000).payload for n in range(500)]

    assert hear(1) == hear(1)
    assert hear(1) != hear(2)


@pytest.fixture(scope="module")
def said() -> Iterator[tuple[Ledger, list[tuple[bytes, bytes]]]]:
    """What 1500 messages of a torture say, all acknowledged, with topics and payloads."""
    ledger, speech, rng, crowd = Ledger(), Speech(SEED), Random(SEED), speakers()
    wire = []
    for n in range(1500):
        message = speech.say(rng.choice(crowd), n, round(NOW.timestamp() * 1e6) + n * 1000)
        ledger.write(message.entry, message.fate)
        if message.contradicts is not None:
            ledger.dispute(message.contradicts)
        wire.append((message.topic.encode(), message.payload))
    ledger.acked(range(1500))
    yield ledger, wire


@pytest.fixture
def stored(database: str, tmp_path: Path, said: tuple[Ledger, list[tuple[bytes, bytes]]]) -> tuple[Ledger, str]:
    """The same messages, understood and stored without any fault, a third of them twice."""
    ledger, wire = said
    secrets.make(tmp_path / "secrets")
    keys = secrets.read(tmp_path / "secrets")
    reader = Reader(keys, CredentialBook(keys.pseudonym))
    with connect(database) as conn:
        parks.apply(conn, park(speakers()), now=NOW)
        writer = Writer(conn)
        for turn, chosen in enumerate((wire, wire[::3])):
            batch = Batch("all")
            for n, (topic, payload) in enumerate(chosen):
                read = reader.read(topic, payload, NOW + timedelta(minutes=turn, microseconds=n))
                if isinstance(read, Message):
                    batch.messages.append(read)
                else:
                    batch.dead_letters.append(read)
            writer.write(batch, now=NOW)
    return ledger, database


def changed(stored: tuple[Ledger, str], statement: str) -> Account:
    """The account after somebody meddled with the database."""
    ledger, url = stored
    head, which = statement.split(" where ")
    with psycopg.connect(url) as conn:
        assert conn.execute(f"{head} where {WHICH[which]}".encode()).rowcount == 1
    return account(ledger, url)


def test_an_account_without_faults_is_clean(stored: tuple[Ledger, str]) -> None:
    found = account(*stored)
    assert found.clean, found
    assert found.sent + found.unidentified == 1500
    assert found.unidentified == stored[0].fates.count(Fate.UNIDENTIFIED) > 0
    assert min(found.stored, found.conflicts, found.dead_letters) > 0


WHICH = {
    "a_reading": "(point, ts) in (select point, ts from smartpark.reading where quality = 192 limit 1)",
    "an_event": "ctid in (select ctid from smartpark.access_event where kind = 'passage' limit 1)",
    "a_letter": "dead_letter in (select max(dead_letter) from smartpark.dead_letter)",
    "a_conflict": "conflict in (select max(conflict) from smartpark.conflict)",
    "a_point": "point in (select max(point) from smartpark.latest)",
}


@pytest.mark.parametrize(
    ("meddle", "found"),
    [
        ("delete from smartpark.reading where a_reading", {"lost": 1}),
        ("update smartpark.reading set value = -1 where a_reading", {"lost": 1, "unexpected": 1}),
        ("update smartpark.reading set ts = ts + interval '0.5 ms' where a_reading", {"wrong": 1}),
        (
            "insert into smartpark.reading select ts + interval '0.5 ms', received, device_ts, point, quality, value"
            " from smartpark.reading where a_reading",
            {"duplicates": 1},
        ),
        ("delete from smartpark.access_event where an_event", {"lost": 1}),
        ("update smartpark.access_event set count = 99 where an_event", {"wrong": 1}),
        (
            "insert into smartpark.access_event (ts, received, device, identity, kind, direction, reader, count)"
            " select ts + interval '1 s', received, device, identity, kind, direction, reader, count"
            " from smartpark.access_event where an_event",
            {"duplicates": 1},
        ),
        ("delete from smartpark.dead_letter where a_letter", {"lost": 1}),
        ("delete from smartpark.conflict where a_conflict", {"lost": 1}),
        ("update smartpark.latest set ts = ts - interval '1 s' where a_point", {"behind": 1}),
    ],
)
def test_what_somebody_took_doubled_or_changed_is_found(
    stored: tuple[Ledger, str], meddle: str, found: dict[str, int]
) -> None:
    told = changed(stored, meddle)
    assert not told.clean
    figures = {name: getattr(told, name) for name in ("lost", "duplicates", "wrong", "unexpected", "behind")}
    assert {name: value for name, value in figures.items() if name in found} == found, told


def test_what_the_broker_never_acknowledged_is_not_lost_but_proves_nothing(stored: tuple[Ledger, str]) -> None:
    ledger, url = stored
    before = account(ledger, url)
    ledger._acked[5] = 0
    try:
        after = account(ledger, url)
    finally:
        ledger._acked[5] = 1
    assert (after.lost, after.in_flight, before.in_flight) == (0, 1, 0)
    assert not after.clean
