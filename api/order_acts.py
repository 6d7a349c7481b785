"""What people ask to be done to orders, as the store takes it: names looked up, proofs judged, permissions asked."""

from typing import Any

from api import order_models as models
from api.auth import Forbidden
from api.context import Context
from api.database import Reader, Row
from api.known import check_known, unknown
from api.models import Name
from api.order_rows import may
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.errors import NotFound
from pipeline.domain.park import Crs
from pipeline.domain.role import Permission, Principal
from pipeline.domain.work_order import OrderAction
from pipeline.store import on_site
from pipeline.store.work_orders import NewOrder, OrderAct, effective


def check_may(principal: Principal, action: OrderAction) -> None:
    """Raises Forbidden where an action is not this role's, or nobody's but the system's."""
    if not may(principal, action):
        raise Forbidden(f"{action.value} is not for the role {principal.role}")


def actor(principal: Principal, typed: str | None) -> str:
    """Who the events say did it: who is signed in, else the name that was typed, where one was."""
    return principal.actor if principal.signed_in else typed or principal.actor


def as_new(reader: Reader, park_id: str, asked: models.Opening) -> NewOrder:
    """What staff open. Raises NotFound, InvalidParameter."""
    service = reader.row("order_service", park=park_id, service=asked.service)
    if service is None:
        known = [row["id"] for row in reader.rows("order_services", park=park_id)]
        raise unknown(f"service {asked.service} in park {park_id}", asked.service, known)
    skill = asked.skill or service["skill"]
    if skill is None:
        raise InvalidParameter(Wrong("skill", "is missing, and the service has none", "who does it", "body"))
    device: Row | None = None
    if asked.device:
        device = reader.row("order_device", park=park_id, device=asked.device)
        if device is None:
            check_known(reader, park_id, "device", asked.device)
            raise NotFound(f"device {asked.device}")
    if asked.space:
        check_known(reader, park_id, "space", asked.space)
    if asked.company and reader.row("order_company", park=park_id, company=asked.company) is None:
        raise NotFound(f"company {asked.company} in park {park_id}")
    title = asked.title or Name(zh=service["name_zh"], en=service["name_en"])
    return NewOrder(
        park_id=park_id, origin="staff", cause=f"staff:{asked.client_id}", service=asked.service, skill=skill,
        priority=asked.priority or service["priority"], title_zh=title.zh, title_en=title.en, words=asked.words,
        space_id=asked.space or (device["space_id"] if device else None), device=device["device"] if device else None,
        company_id=asked.company,
    )  # fmt: skip


def as_act(api: Context, reader: Reader, principal: Principal, row: Row, asked: models.Acting) -> OrderAct:
    """An act as the store takes it. Raises InvalidParameter, NotFound."""
    given = asked.detail.model_dump(mode="json", exclude_none=True, exclude={"code", "position", "proof"})
    detail: dict[str, Any] = {name: value for name, value in given.items() if value != []}
    match asked.action:
        case OrderAction.ASSIGN:
            detail |= _assigned(reader, row, asked.detail)
        case OrderAction.ARRIVE:
            detail |= _proven(api, reader, principal, row, asked)
        case OrderAction.PRIORITY if asked.detail.to is None:
            raise InvalidParameter(Wrong("detail.to", "is missing", "P1, P2, P3 or P4", "body"))
        case OrderAction.APPOINT if asked.detail.at is None:
            raise InvalidParameter(Wrong("detail.at", "is missing", "the time that the tenant chose", "body"))
        case OrderAction.COMMENT if not (asked.reason or asked.detail.words):
            raise InvalidParameter(Wrong("reason", "is missing", "the comment", "body"))
        case OrderAction.PHOTO if not asked.detail.photos:
            raise InvalidParameter(Wrong("detail.photos", "is missing", "a photo's sha256", "body"))
        case _:
            pass
    return OrderAct(
        order=row["work_order"], action=asked.action, actor=actor(principal, asked.actor), person=principal.person,
        own=not principal.may(Permission.ORDER_DISPATCH), client_id=asked.client_id, version=asked.version,
        device_time=asked.device_time, offset_s=asked.offset_s, reason=asked.reason, detail=detail,
    )  # fmt: skip


def _proven(api: Context, reader: Reader, principal: Principal, row: Row, asked: models.Acting) -> dict[str, Any]:
    """Neither the code nor the position is kept: what counts is whether it was right. Where that proves nothing, a gate
    of the building may: it let them in with the badge that they registered."""
    around = reader.rows("order_site", order=row["work_order"])
    footprint: list[Any] = next((one["footprint"] for one in around if one["footprint"]), [])
    site = on_site.Site(
        park_id=row["park_id"],
        places=[*([row["device_id"]] if row["device_id"] else []), *(one["space_id"] for one in around)],
        footprint=[(float(lon), float(lat)) for lon, lat in footprint],
        crs=Crs(around[0]["crs"]) if around else Crs.WGS84,
    )
    told = OrderAct(
        order=row["work_order"], action=asked.action, device_time=asked.device_time, offset_s=asked.offset_s
    )
    at = effective(told, created=row["created"], now=api.clock.now())
    found: dict[str, Any] = {}
    if asked.detail.proof:
        found = on_site.prove(
            site, asked.detail.proof, secret=api.settings.site_secret, at=at, code=asked.detail.code,
            position=asked.detail.position,
        )  # fmt: skip
    if found.get("proof", "claimed") == "claimed" and principal.person is not None:
        seen = reader.row("order_sighting", order=row["work_order"], person=principal.person, at=at)
        if seen is not None:
            return {"proof": "access", "place": seen["device_id"], "seen": seen["ts"].isoformat()}
    return found


def _assigned(reader: Reader, row: Row, detail: models.ActDetail) -> dict[str, Any]:
    if not detail.person:
        raise InvalidParameter(Wrong("detail.person", "is missing", "a technician's login", "body"))
    person = reader.row("order_person", login=detail.person, park=row["park_id"])
    if person is None or person["role"] not in ("technician", "operator", "administrator"):
        raise NotFound(f"nobody who works on orders has the login {detail.person}")
    return {"person": person["person"], "login": person["login"]}
