"""`park evaluate forecast` on a database as it is: what it prints, and what it ends with."""

import json
from datetime import timedelta

import pytest

from pipeline.store.database import connect
from simulators.evaluate.run import main
from tests.api.serving import NOW
from tests.park import apply_small_park
from tests.service_history import History

HOUR = timedelta(hours=1)


def test_a_history_is_judged_and_one_too_short_is_not(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    monkeypatch.setenv("PARK_CLOCK", f"{NOW.isoformat()}@1")
    with connect(database) as conn:
        apply_small_park(conn)
        conn.autocommit = True
        assert main(["forecast", "--json"]) == 1
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (told["n"], told["skill"], told["bins"], told["park"]) == (0, None, [], "small")
        history = History(conn, "small", NOW)
        history.setting()
        history.person("li", "Li")
        for n in range(72):  # what comes to one service is late, what comes to the other is not
            late = n % 2
            history.order(NOW - (80 - n) * 12 * HOUR, who="li", accept=5, arrive=100 if late else 20, finish=110,
                          service="cleaning" if late else "repair")  # fmt: skip
    assert main(["forecast", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["promises"] == 216 and told["n"] > 60 and told["unknown"] > 0
    assert told["skill"] > 0.2 and told["kinds"]["respond"]["skill"] > 0.5
