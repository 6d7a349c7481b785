"""What the house asks of every file: short, described, no clock in SQL, every statement known to the server."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipeline.store.queries import load
from tests.conftest import REPO

CODE = {".py", ".js", ".css", ".sql"}
CAP = 300
PACKAGES = ("collectors", "pipeline", "api", "dashboards", "simulators")
# Words that make a statement depend on when it runs; time is an argument.
TIME = re.compile(
    r"\b(now\(\)|current_timestamp|current_date|clock_timestamp|localtimestamp|statement_timestamp)", re.I
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return [REPO / line for line in listed.stdout.splitlines() if (REPO / line).is_file()]


def ours() -> list[Path]:
    return [f for f in tracked() if f.suffix in CODE and "vendor" not in f.parts]


def test_no_file_passes_the_line_cap() -> None:
    long = {str(f.relative_to(REPO)): n for f in ours() if (n := len(f.read_text().splitlines())) > CAP}
    assert not long


def test_no_sql_asks_the_server_for_the_time() -> None:
    found = [str(f.relative_to(REPO)) for f in ours() if f.suffix == ".sql" and TIME.search(without_comments(f))]
    assert not found


def test_no_sql_in_python_asks_the_server_for_the_time() -> None:
    found = []
    for file in ours():
        if file.suffix == ".py" and "tests" not in file.parts:
            texts = [n for n in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant)]
            sql = [
                n
                for n in texts
                if isinstance(n.value, str) and re.match(r"\s*(select|insert|update|delete|with)\b", n.value)
            ]
            found += [f"{file.relative_to(REPO)}:{n.lineno}" for n in sql if TIME.search(str(n.value))]
    assert not found


def without_comments(file: Path) -> str:
    return re.sub(r"--.*", "", file.read_text(encoding="utf-8"))


def test_no_python_asks_the_machine_for_the_time_but_the_clock() -> None:
    """Decisions take `now`; only the clock, and what measures real durations, may look at the machine's."""
    found = []
    for file in ours():
        if file.suffix == ".py" and file.relative_to(REPO).parts[0] in ("collectors", "pipeline", "api"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                asks = isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
                if asks and isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date"):
                    found.append(f"{file.relative_to(REPO)}:{node.lineno}")
    allowed = ("pipeline/domain/clock.py:", "pipeline/settings.py:")
    assert [f for f in found if not f.startswith(allowed)] == []


def test_every_module_says_what_it_is_for() -> None:
    modules = [f for f in ours() if f.suffix == ".py" and f.read_text(encoding="utf-8").strip()]
    silent = [f for f in modules if not ast.get_docstring(ast.parse(f.read_text(encoding="utf-8")))]
    assert not silent


def test_no_test_sleeps() -> None:
    found = [f for f in ours() if "tests" in f.parts and re.search(r"\btime\.sleep\(|\bsleep\(\d", f.read_text())]
    assert [f.name for f in found if f.name != Path(__file__).name] == []


def query_folders() -> Iterator[Path]:
    for package in PACKAGES:
        for folder in sorted({f.parent for f in (REPO / package).rglob("*.sql")}):
            if any(f.read_text().startswith("-- name: ") for f in folder.glob("*.sql")):
                yield folder


@pytest.mark.parametrize("folder", list(query_folders()), ids=lambda f: str(f.relative_to(REPO)))
def test_every_named_query_prepares(folder: Path, database: str) -> None:
    queries = load(folder)
    assert all(queries.about.values())
    with psycopg.connect(database, autocommit=True) as conn:
        for temporary in ("make_stage", "make_touched", "make_touched_days"):
            for source in ("pipeline/store/sql", "pipeline/engine/sql"):
                if temporary in (known := load(REPO / source)):
                    conn.execute(known[temporary])
        for name, text in queries.items():
            if text.lower().startswith(("create", "call", "copy")):
                continue  # utility statements cannot be prepared; stories run them
            numbers: dict[str, int] = {}
            positional = re.sub(
                r"%\((\w+)\)s", lambda m, n=numbers: f"${n.setdefault(m.group(1), len(n) + 1)}", text
            ).replace("%%", "%")
            try:
                conn.execute(f"prepare q_{name} as {positional}".encode())
            except psycopg.errors.IndeterminateDatatype as error:
                pytest.fail(f"{folder.name}/{name}: cast its parameters, {error}")
