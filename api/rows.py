"""Turns rows of the registry's views into the shapes of the API's answers."""

from typing import Any

from api import models
from api.database import Row
from api.tiles.look import label, names


def without_names(row: Row) -> dict[str, Any]:
    """A row's columns, its two names put together."""
    rest = {k: v for k, v in row.items() if k not in {"name_zh", "name_en"}}
    return {**rest, "name": names(row)}


def park(row: Row) -> models.Park:
    """A row of park.parks."""
    return models.Park(**without_names(row), address=models.Name(**names(row, "address")))


def device(row: Row) -> models.Device:
    """A row of park.devices."""
    return models.Device(**without_names(row))


def point(row: Row) -> models.Point:
    """A row of park.points, its newest reading apart."""
    latest = None
    if row["ts"] is not None:
        latest = models.Latest(
            ts=row["ts"], received=row["received"], value=row["value"], quality=label(row["quality"])
        )
    return models.Point(**{k: v for k, v in row.items() if k in POINT_FIELDS}, latest=latest)


POINT_FIELDS = models.Point.model_fields.keys() - {"latest"}
