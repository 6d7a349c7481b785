"""Readings of one point: as stored, by bucket, or for a budget of pixels."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import models
from api.auth import needs
from api.context import Api, Context
from api.database import Reader, Row
from api.daytime import floor, start_of
from api.downsampling import (
    GRIDS,
    HOUR,
    MAX_PIXELS,
    MAX_ROWS,
    Bins,
    empty,
    for_pixels,
    gap_after,
    on_grid,
    with_gaps,
)  # fmt: skip
from api.known import check_known, unknown
from api.parameters import Id, Instant, Number, OfPark, Text
from api.routes import PREFIX
from api.tiles.look import label
from api.wrong import InvalidParameter, TooManyRows, Wrong
from pipeline.domain.errors import NotFound
from pipeline.domain.quality import Quality
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["readings"], dependencies=[needs(Permission.PARK_READ)])

DEFAULT_SPAN = timedelta(days=1)
QUERIES = {"raw": "raw_bins", "15m": "rollup_15m_bins", "1h": "rollup_1h_bins"}
_encode = msgspec.json.Encoder().encode


class OfReadings(OfPark):
    point: Number | None = None
    device: Id | None = None
    name: Text | None = None
    since: Instant | None = Field(None, alias="from", description="Default: a day before `to`.")
    until: Instant | None = Field(None, alias="to", description="Default: now.")
    resolution: Literal["raw", "15m", "1h", "day"] | None = None
    pixels: Annotated[int, Field(ge=1, le=MAX_PIXELS, description="At most so many bins.")] | None = None


@router.get("/readings", response_model=None, responses={200: {"model": models.Readings}})
def readings(api: Api, asked: Annotated[OfReadings, Query()]) -> Response:
    """One point's readings from `from` until before `to`: `samples`, or `bins` with every peak in them.

    Name the point by its number, or by `device` and `name`. With `pixels` the server chooses what to read, and says
    so in `resolution`. At most 20,000 rows.
    """
    if asked.resolution and asked.pixels:
        raise InvalidParameter(Wrong("pixels", "excludes resolution: it chooses one itself", "one of the two"))
    now = api.clock.now()
    until = asked.until or now
    since = asked.since or until - DEFAULT_SPAN
    if since >= until:
        raise InvalidParameter(Wrong("from", "is not before to", f"a time before {until.isoformat()}"))
    with api.database.read() as reader:
        point = find_point(api, reader, asked)
        answer: dict[str, Any] = {
            **{key: point[key] for key in ("point", "device_id", "name", "unit", "kind")},
            "gap_after_s": gap_after(point["interval_s"]).total_seconds(),
            "as_of": point["ts"],
            "bin_s": None,
            "samples": None,
            "bins": None,
        }
        if asked.pixels:
            answer |= binned(reader, point, choose(reader, point, for_pixels(since, until, asked.pixels)), now)
        elif asked.resolution in GRIDS:
            answer |= binned(reader, point, on_grid(since, until, asked.resolution), now)
        elif asked.resolution == "day":
            answer |= by_day(reader, point, since, until)
        else:
            answer |= samples(reader, point, since, until)
    return Response(_encode(answer), media_type="application/json")


def find_point(api: Context, reader: Reader, asked: OfReadings) -> Row:
    """The point that is meant. NotFound, InvalidParameter."""
    if asked.point is not None:
        if asked.device or asked.name:
            raise InvalidParameter(Wrong("point", "excludes device and name", "point=…, or device=… and name=…"))
        row = reader.row("point_row", point=asked.point)
        if row is None or asked.park not in (None, row["park_id"]):
            raise NotFound(f"point {asked.point}")
        return row
    if asked.device is None or asked.name is None:
        missing = "device" if asked.device is None else "name"
        raise InvalidParameter(Wrong(missing, "is missing", "point=…, or device=… and name=…"))
    park_id = api.park(reader, asked.park)
    row = reader.row("point_by_name", park=park_id, device=asked.device, name=asked.name)
    if row is None:
        check_known(reader, park_id, "device", asked.device)
        found = reader.rows("point_names", park=park_id, device=asked.device)
        points = [p["name"] for p in found]
        raise unknown(f"point {asked.name} of device {asked.device} in park {park_id}", asked.name, points, most=50)
    return row


def choose(reader: Reader, point: Row, bins: Bins) -> Bins:
    """The same bins, or 15-minute roll-ups where the raw readings that they need are no longer kept."""
    if bins.resolution == "raw":
        window = {"point": point["point"], "since": bins.since, "until": bins.until}
        if reader.one("raw_reaches", **window)["older"]:
            return on_grid(bins.since, bins.until, "15m")
    return bins


def binned(reader: Reader, point: Row, bins: Bins, now: datetime) -> dict[str, Any]:
    """Bins of a fixed width, from raw or a roll-up."""
    check_rows(bins.count)
    found = reader.rows(
        QUERIES[bins.resolution],
        point=point["point"],
        since=bins.since,
        until=bins.until,
        width=bins.width,
        fresh=floor(now, HOUR) - HOUR,  # the engine refreshes touched buckets within a minute
    )
    return {
        "since": bins.since,
        "until": bins.until,
        "resolution": bins.resolution,
        "bin_s": bins.width.total_seconds(),
        "bins": with_gaps(found, bins.width, gap_after(point["interval_s"])),
    }


def by_day(reader: Reader, point: Row, since: datetime, until: datetime) -> dict[str, Any]:
    """Park days that a window touches."""
    park = reader.row("park_row", park=point["park_id"])
    zone = ZoneInfo(park["time_zone"] if park else "UTC")
    first = since.astimezone(zone).date()
    after = (until - timedelta(microseconds=1)).astimezone(zone).date() + timedelta(days=1)
    check_rows((after - first).days)
    bins: list[dict[str, Any]] = []
    for row in reader.rows("day_bins", point=point["point"], since_day=first, until_day=after):
        if bins and row["day"] - (gap := bins[-1]["day"] + timedelta(days=1)) > timedelta(0):
            bins.append({**empty(start_of(gap, zone)), "day": gap})
        bins.append({**row, "t": start_of(row["day"], zone)})
    return {"since": start_of(first, zone), "until": start_of(after, zone), "resolution": "day", "bins": bins}


def samples(reader: Reader, point: Row, since: datetime, until: datetime) -> dict[str, Any]:
    """Readings as they were stored, whatever their quality."""
    found = reader.rows("raw_readings", point=point["point"], since=since, until=until, rows=MAX_ROWS + 1)
    check_rows(len(found))
    return {
        "since": since,
        "until": until,
        "resolution": "raw",
        "samples": [{**row, "quality": sample_quality(row)} for row in found],
    }


def sample_quality(row: Row) -> str:
    """The word for it; a received time is no reason for doubt where the device claimed none."""
    unclaimed = row["quality"] == Quality.UNTRUSTED_TIME and row["device_ts"] is None
    return label(Quality.GOOD if unclaimed else row["quality"])


def check_rows(count: int) -> None:
    """TooManyRows past the limit."""
    if count > MAX_ROWS:
        hint = f"pixels=1000, a coarser resolution, or a shorter time between from and to: {MAX_ROWS} rows at most"
        raise TooManyRows(Wrong("to", f"is too far from `from`: more than {MAX_ROWS} rows", hint))
