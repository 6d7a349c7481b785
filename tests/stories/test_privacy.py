"""A raw credential reaches neither the database nor any file of ours; its company is known from the first batch on."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from collectors import secrets
from collectors.credentials import CredentialBook
from pipeline.store import credentials
from tests.conftest import OwnBroker
from tests.stories.conftest import Load, Town

BADGE = "E20034120135"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_badge_is_known_by_company_and_pseudonym_only(
    database: str, broker: OwnBroker, make_town: Callable[[str, OwnBroker], Town], load: Load
) -> None:
    town = make_town(database, broker)
    book = CredentialBook(secrets.read(town.stack.folder / "secrets").pseudonym)
    with psycopg.connect(database) as conn:
        credentials.save(conn, "small", {book.hash("small", BADGE): "acme"}, now=NOW)
    town.stack.env = {**town.stack.env, "PARK_LOG_LEVEL": "debug"}
    town.collector("collector-1")
    for n in range(3):
        payload = {
            "id": f"a{n}",
            "event": "granted",
            "credential": BADGE,
            "time_ms": datetime.now(UTC).timestamp() * 1e3,
        }
        load.client.publish("park/v1/small/gate/g1/access", json.dumps(payload), qos=1)
        load.client.publish("park/v1/small/gate/g1/access", json.dumps({**payload, "event": BADGE}), qos=1)
    town.wait_for("select count(*) from smartpark.access_event", 3)
    town.wait_for("select count(*) from smartpark.dead_letter", 3)
    assert town.one("select count(distinct (subject, company_id)) from smartpark.access_event") == 1
    assert town.one("select company_id from smartpark.access_event limit 1") == "acme"
    with psycopg.connect(database) as conn:
        tables = conn.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'smartpark' and table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            rows = conn.execute(
                psycopg.sql.SQL("select t::text from {} t").format(psycopg.sql.Identifier("smartpark", table))
            )
            leaks = [row for (row,) in rows if BADGE in row or BADGE.encode().hex() in row]
            assert not leaks, table
    logs = [f.read_text() for f in town.stack.folder.glob("*.log")]
    assert logs
    assert not [log for log in logs if BADGE in log]
