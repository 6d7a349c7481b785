"""Codes for doors and machines: one in force for each, printed with names in both languages, revoked for good."""

import json
import re
from pathlib import Path

import pytest

from park import main
from pipeline.domain.errors import NotFound
from pipeline.store import codes, parks
from pipeline.store.database import connect
from tests.park import APPLIED_AT, SMALL


def test_codes_are_made_printed_and_revoked(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    with connect(database) as conn:
        parks.apply(conn, SMALL, now=APPLIED_AT)

    def park(*words: str) -> dict[str, object]:
        assert main(["codes", *words, "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    assert park("make", "b1", "m1") == {"made": 2}
    assert park("make", "--all-spaces", "--all-devices") == {"made": 3}
    assert park("make", "--all-spaces", "--all-devices") == {"made": 0}
    sheet = tmp_path / "codes.html"
    assert park("sheet", "--address", "https://park.example/", "--out", str(sheet)) == {"codes": 5, "file": str(sheet)}
    page = sheet.read_text()
    assert page.count("<svg") == 5 and "1号楼" in page and "Building 1" in page and "http-equiv" not in page
    printed = re.findall(r"<code>([2-9A-HJKMNP-Z]{10})</code>", page)
    assert len(set(printed)) == 5
    assert park("revoke", printed[0].lower(), "--reason", "lost") == {"revoked": [printed[0]]}
    assert park("make", "--all-spaces", "--all-devices") == {"made": 1}
    assert main(["codes", "revoke", printed[0], "--reason", "again"]) == 2
    assert main(["codes", "make"]) == 2
    assert main(["codes", "sheet", "--address", "park.example"]) == 2
    assert "no such thing: space or device attic" in _refusal(["codes", "make", "attic"], capsys)
    with connect(database) as conn:
        assert printed[0] not in {row["code"] for row in codes.in_force(conn, "small")}
        with pytest.raises(NotFound):
            codes.make(conn, "small", ["nowhere"], now=APPLIED_AT)
        rows = [{"code": "X", "zh": "<b>", "en": "&", "id": "i"}]
        assert "&lt;b&gt;" in codes.sheet(rows, address="http://x") and "&amp;" in codes.sheet(rows, address="http://x")


def _refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    return capsys.readouterr().err
