"""The pieces of a Grafana dashboard as plain dicts, so that a dashboard's own module is a list of what it shows.

The JSON is Grafana's dashboard model (schema version 41, Grafana 12); the SDK would add a dependency bound to one
Grafana release for the dozen keys that are used here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.store.queries import load

Json = dict[str, Any]

SQL = load(Path(__file__).parent / "sql")
DATABASE: Json = {"type": "grafana-postgresql-datasource", "uid": "park-database"}
METRICS: Json = {"type": "prometheus", "uid": "park-metrics"}
SCHEMA_VERSION = 41
COLUMNS = 24  # Grafana's grid


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, not yet placed; width and height in Grafana's grid units (24 columns)."""

    title: str
    kind: str
    targets: tuple[Json, ...]
    source: Json
    width: int = 12
    height: int = 8
    about: str = ""
    unit: str = ""
    defaults: Json | None = None
    options: Json | None = None


def query(name: str, kind: str, *, title: str, unit: str = "", width: int = 12, height: int = 8, **more: Any) -> Panel:
    """A panel of one named SQL query; what the query says of itself is the panel's description."""
    form = "time_series" if kind == "timeseries" else "table"
    target = {"refId": "A", "datasource": DATABASE, "format": form, "rawQuery": True, "editorMode": "code"}
    return Panel(
        title,
        kind,
        ({**target, "rawSql": SQL[name]},),
        DATABASE,
        width=width,
        height=height,
        about=SQL.about[name],
        unit=unit,
        **more,
    )


def metric(title: str, *expressions: tuple[str, str], about: str, unit: str = "", width: int = 12) -> Panel:
    """A time series of (PromQL, legend) pairs."""
    targets = tuple(
        {"refId": chr(ord("A") + i), "datasource": METRICS, "expr": expr, "legendFormat": legend}
        for i, (expr, legend) in enumerate(expressions)
    )
    return Panel(title, "timeseries", targets, METRICS, about=about, unit=unit, width=width)


def bars(panel: Panel) -> Panel:
    """The same time series as stacked bars, for amounts per interval."""
    style = {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
    return Panel(**{**_fields(panel), "defaults": {"custom": style}})


def dashboard(uid: str, *, title: str, tags: Sequence[str], since: str, panels: Sequence[Panel]) -> Json:
    """A dashboard with its panels laid out in reading order, and a variable for the park."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["smartpark", *tags],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": since, "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_park_variable()]},
        "panels": _laid_out(panels),
    }


def _park_variable() -> Json:
    statement = "select park_id from park.parks order by park_id"
    return {
        "name": "park",
        "label": "园区 / Park",
        "type": "query",
        "datasource": DATABASE,
        "query": statement,
        "definition": statement,
        "refresh": 1,
        "includeAll": False,
        "multi": False,
    }


def _laid_out(panels: Sequence[Panel]) -> list[Json]:
    found: list[Json] = []
    x = y = tallest = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, tallest = x + panel.width, max(tallest, panel.height)
        found.append(_json(panel, number, place))
    return found


def _json(panel: Panel, number: int, place: Json) -> Json:
    defaults = {**({"unit": panel.unit} if panel.unit else {}), **(panel.defaults or {})}
    return {
        "id": number,
        "title": panel.title,
        "description": panel.about,
        "type": panel.kind,
        "gridPos": place,
        "datasource": panel.source,
        "targets": list(panel.targets),
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": panel.options or {},
    }


def _fields(panel: Panel) -> Json:
    return {name: getattr(panel, name) for name in Panel.__dataclass_fields__}
