"""Where the time goes while a proof runs: py-spy on the collectors, perf on the machine, statements' own account."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.errors import ConfigurationError
from pipeline.store.database import connect
from simulators.bench.ledger import QUERIES

RATE_HZ = 199  # samples a second; odd, so that it doesn't beat with timers
END_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Writes into `folder`, all files of a proof headed by its name; without a folder it does nothing."""

    folder: Path | None

    @contextmanager
    def proof(self, name: str, *, pids: Mapping[str, int], seconds: float, database_url: str) -> Iterator[None]:
        """Watches for `seconds`, and asks the database at the end. ConfigurationError where there is no py-spy."""
        if self.folder is None:
            yield
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with connect(database_url, application="park bench") as conn:
            conn.execute("create extension if not exists pg_stat_statements")
            conn.execute("select pg_stat_statements_reset()")
        watching = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for words in self._words(name, pids, seconds)]
        try:
            yield
        finally:
            for process in watching:
                process.wait(END_WITHIN_S)
        with connect(database_url, application="park bench") as conn:
            rows = conn.execute(QUERIES["statements"]).fetchall()
        text = "".join(f"{ms:10.0f} ms {calls:8} calls {rows:10} rows  {query}\n" for ms, calls, rows, query in rows)
        (self.folder / f"{name}-statements.txt").write_text(text)

    def _words(self, name: str, pids: Mapping[str, int], seconds: float) -> Iterator[list[str]]:
        assert self.folder  # noqa: S101
        spy = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
        if not spy:
            raise ConfigurationError("--profile needs py-spy: pip install py-spy")
        for process, pid in pids.items():
            if process.startswith("collector"):
                file = str(self.folder / f"{name}-{process}.txt")
                yield [
                    *(spy, "record", "--pid", str(pid), "--rate", str(RATE_HZ), "--duration", str(int(seconds))),
                    *("--format", "raw", "--native", "--gil", "--output", file),
                ]
        if perf := shutil.which("perf"):
            file = str(self.folder / f"{name}-perf.data")
            record = [perf, "record", "-q", "-a", "-g", "-F", str(RATE_HZ), "-o", file]
            yield [*record, "--", "sleep", str(int(seconds))]
