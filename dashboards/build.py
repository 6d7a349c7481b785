"""Writes the dashboards as JSON files, which Grafana reads: `python -m dashboards.build`, after every change here."""

import json
from pathlib import Path

from dashboards.access import access_and_screening
from dashboards.energy import energy
from dashboards.health import data_health

FOLDER = Path(__file__).parent / "json"
DASHBOARDS = {
    "data-health.json": data_health,
    "energy.json": energy,
    "access-and-screening.json": access_and_screening,
}


def texts() -> dict[str, str]:
    """What each file must hold; a test compares."""
    return {
        name: json.dumps(build(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        for name, build in DASHBOARDS.items()
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
