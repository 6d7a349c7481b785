"""A raw credential never reaches disk or log; keys are files that nobody else may read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import secrets
from collectors.credentials import CredentialBook, read_csv
from collectors.seal import Letter, seal, unseal
from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.store import credentials
from pipeline.store.database import connect
from tests.park import apply_small_park

KEY = b"k" * 32
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def book() -> CredentialBook:
    found = CredentialBook(KEY)
    found.learn({"small": "Asia/Shanghai"}, {})
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_pseudonym_holds_for_one_service_day() -> None:
    evening = book().pseudonym("small", "C1", at=at("2026-11-21T23:50:00+08:00"))
    assert book().pseudonym("small", "C1", at=at("2026-11-22T03:59:59+08:00")) == evening
    assert book().pseudonym("small", "C1", at=at("2026-11-22T04:00:00+08:00")) != evening
    assert book().pseudonym("small", "C2", at=at("2026-11-21T23:50:00+08:00")) != evening


def test_company_is_found_by_a_keyed_hash(database: str, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text("credential,company_id\nC1,acme\n")
    with connect(database) as conn:
        apply_small_park(conn)
        rows = {book().hash("small", credential): company for credential, company in read_csv(file)}
        credentials.save(conn, "small", rows, now=NOW)
        conn.commit()
        learned = book()
        learned.learn(*credentials.load(conn))
        assert learned.company("small", "C1") == "acme"
        assert learned.company("small", "C2") is None
        stored = conn.execute("select hash from smartpark.credential").fetchall()
        assert all(b"C1" not in bytes(h) for (h,) in stored)
        with pytest.raises(NotFound, match="nobody"):
            credentials.save(conn, "small", {b"x" * 32: "nobody"}, now=NOW)


def test_csv_errors_name_the_row(tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text("credential,company_id\nC1,acme\n,acme\n")
    with pytest.raises(ConfigurationError, match="row 3"):
        read_csv(file)


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    assert len(secrets.make(tmp_path / "keys")) == 4
    keys = secrets.read(tmp_path / "keys")
    assert secrets.make(tmp_path / "keys") == []
    assert secrets.read(tmp_path / "keys") == keys
    (tmp_path / "keys" / "seal.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        secrets.read(tmp_path / "keys")


def test_a_seal_opens_only_with_its_key_and_whole() -> None:
    letter = Letter(b"t\xff", b"payload", datetime(2026, 11, 21, tzinfo=UTC))
    sealed = seal(letter, key=KEY)
    assert unseal(sealed, key=KEY) == letter
    for broken in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:20], b"\x07" + sealed[1:]):
        with pytest.raises(ConfigurationError):
            unseal(broken, key=KEY)
    with pytest.raises(ConfigurationError):
        unseal(sealed, key=b"o" * 32)
