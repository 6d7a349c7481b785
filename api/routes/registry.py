"""What the park consists of: parks, spaces, companies, devices, points."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from api import models, rows
from api.auth import needs
from api.context import Api
from api.database import Reader
from api.known import check_known
from api.paging import cursor, keys_of, next_link
from api.parameters import Id, OfPark, OfParkQuery, Paged, PathId, Text
from api.routes import PREFIX
from pipeline.domain.errors import NotFound
from pipeline.domain.park import Family, SpaceKind
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["registry"], dependencies=[needs(Permission.PARK_READ)])


class OfSpaces(OfPark):
    kind: SpaceKind | None = None


class OfDevices(Paged):
    family: Family | None = None
    type: Text | None = None
    space: Id | None = None
    building: Id | None = None
    gateway: Id | None = None
    state: Literal["online", "offline", "unknown"] | None = None
    provisional: bool | None = None
    retired: bool = False
    q: Text | None = None


class OfPoints(Paged):
    device: Id | None = None
    family: Family | None = None
    name: Text | None = None
    role: Text | None = None
    retired: bool = False


@router.get("/parks")
def parks(api: Api) -> models.Page[models.Park]:
    """All parks."""
    with api.database.read() as reader:
        found = reader.rows("park_list")
    return models.Page(items=[rows.park(row) for row in found], next=None)


@router.get("/parks/{park_id}")
def park(api: Api, park_id: PathId) -> models.Park:
    """One park."""
    with api.database.read() as reader:
        row = reader.row("park_row", park=park_id)
    if row is None:
        raise NotFound(f"park {park_id}")
    return rows.park(row)


@router.get("/spaces")
def spaces(api: Api, asked: Annotated[OfSpaces, Query()]) -> models.Page[models.Space]:
    """All sites, buildings, floors and zones, from the site down, with footprints and tenants."""
    with api.database.read() as reader:
        found = reader.rows("space_list", park=api.park(reader, asked.park), kind=asked.kind)
    return models.Page(items=[models.Space(**rows.without_names(row)) for row in found], next=None)


@router.get("/companies")
def companies(api: Api, asked: OfParkQuery) -> models.Page[models.Company]:
    """Tenant companies and the spaces that they rent."""
    with api.database.read() as reader:
        found = reader.rows("company_list", park=api.park(reader, asked.park))
    return models.Page(items=[models.Company(**rows.without_names(row)) for row in found], next=None)


@router.get("/devices")
def devices(api: Api, request: Request, asked: Annotated[OfDevices, Query()]) -> models.Page[models.Device]:
    """Devices by id. `space` includes everything below it; `q` is sought in id and names."""
    (after,) = keys_of(asked.after, str)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "device_list",
            prepare=False,
            park=park_id,
            after=after,
            rows=asked.limit + 1,
            **asked.model_dump(exclude={"park", "after", "limit"}),
        )
        if not found:
            check_filters(reader, park_id, asked)
    items = [rows.device(row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].device_id)) if len(found) > asked.limit else None
    return models.Page(items=items, next=more)


def check_filters(reader: Reader, park_id: str, asked: OfDevices) -> None:
    """NotFound where a filter names what the park does not have."""
    if asked.space:
        check_known(reader, park_id, "space", asked.space)
    if asked.building:
        check_known(reader, park_id, "building", asked.building)
    if asked.gateway:
        check_known(reader, park_id, "gateway", asked.gateway)


@router.get("/devices/{device_id}")
def device(api: Api, device_id: PathId, asked: OfParkQuery) -> models.DeviceDetail:
    """One device with its points and their newest readings."""
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        row = reader.row("device_row", park=park_id, device=device_id)
        if row is None:
            raise NotFound(f"device {device_id} in park {park_id}")
        points_of = OfPoints(device=device_id, retired=row["retired"])
        found = reader.rows("point_list", prepare=False, **point_filters(points_of, park_id), rows=1000)
    return models.DeviceDetail(**rows.device(row).model_dump(), points=[rows.point(p) for p in found])


@router.get("/points")
def points(api: Api, request: Request, asked: Annotated[OfPoints, Query()]) -> models.Page[models.Point]:
    """Points by device and name, with their newest readings."""
    after_device, after_name = keys_of(asked.after, str, str)
    with api.database.read() as reader:
        filters = point_filters(asked, api.park(reader, asked.park))
        filters |= {"after_device": after_device, "after_name": after_name}
        found = reader.rows("point_list", prepare=False, **filters, rows=asked.limit + 1)
    items = [rows.point(row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].device_id, items[-1].name)) if len(found) > asked.limit else None
    return models.Page(items=items, next=more)


def point_filters(asked: OfPoints, park_id: str) -> dict[str, object]:
    """The parameters of the query point_list, from its beginning."""
    filters = asked.model_dump(exclude={"park", "after", "limit"})
    return {"park": park_id, "after_device": None, "after_name": None, **filters}
