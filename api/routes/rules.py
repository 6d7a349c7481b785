"""Alarm rules: which there are, what each ever said, writing and retiring them, and trying one on what was measured."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from api import rule_models as models
from api.auth import Signed, named, needs
from api.context import Acting, Api, Context
from api.database import Reader, Row
from api.known import unknown as not_there
from api.models import Page
from api.paging import cursor, keys_of, next_link
from api.parameters import OfParkQuery, Paged, PathId
from api.routes import PREFIX
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.role import Permission
from pipeline.domain.rule import Priority, Rule, RuleKind
from pipeline.domain.subjects import Candidates
from pipeline.parkfile.rule_references import unknown
from pipeline.rules.history import History
from pipeline.rules.trial import try_rule
from pipeline.store import rules, watches
from pipeline.store.rule_spec import InvalidRuleError, from_spec

router = APIRouter(prefix=PREFIX, tags=["rules"])

VERSIONS = 100
WEEK = timedelta(days=7)
LONGEST = timedelta(days=400)


class OfRules(Paged):
    kind: RuleKind | None = None
    priority: Priority | None = None
    origin: Literal["park-file", "api"] | None = None
    retired: bool | None = False


@router.get("/rules", dependencies=[needs(Permission.PARK_READ)])
def rule_list(api: Api, request: Request, asked: Annotated[OfRules, Query()]) -> Page[models.RuleItem]:
    """Alarm rules by id, in the version in force."""
    (after,) = keys_of(asked.after, str)
    with api.database.read() as reader:
        filters = asked.model_dump(include={"kind", "priority", "origin", "retired"})
        park_id = api.park(reader, asked.park)
        found = reader.rows("rule_list", prepare=False, park=park_id, after=after, rows=asked.limit + 1, **filters)
    items = [models.RuleItem(**_item(row)) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].rule_id)) if len(found) > asked.limit else None
    return Page(items=items, next=more)


@router.get("/rules/{rule_id}", dependencies=[needs(Permission.PARK_READ)])
def rule(api: Api, rule_id: PathId, asked: OfParkQuery) -> models.RuleDetail:
    """One rule, and every version that it had."""
    with api.database.read() as reader:
        return _detail(reader, api.park(reader, asked.park), rule_id)


@router.put("/rules/{rule_id}", dependencies=[needs(Permission.RULE_WRITE)])
def write(api: Acting, who: Signed, rule_id: PathId, asked: models.Writing) -> models.RuleDetail:
    """Makes a rule, or a new version of it; alarms that stand keep the version that raised them. A rule of the park
    file is the API's from then on: `park apply` leaves it alone, and says so."""
    actor = named(who, asked.actor)
    wanted = _read({"id": rule_id, **asked.rule})
    if wanted.rule_id != rule_id:
        raise InvalidParameter(Wrong("rule.id", "is not the one in the path", rule_id, "body"))
    park_id = _park(api, asked.park)
    with api.database.write() as conn:
        rules.lock(conn, park_id)
        rules.expect(conn, park_id, rule_id, asked.version)
        _check(wanted, watches.registered(conn, park_id).candidates)
        rules.put(conn, park_id, [wanted], origin=rules.Origin.API, actor=actor, now=api.clock.now())
        watches.expand(conn, park_id)
        rules.announce(conn, park_id)
    return _told(api, park_id, rule_id)


@router.delete("/rules/{rule_id}", dependencies=[needs(Permission.RULE_WRITE)])
def retire(api: Acting, who: Signed, rule_id: PathId, asked: models.Retiring) -> models.RuleDetail:
    """Retires a rule: it is judged no longer, its open alarms are withdrawn, and its versions stay."""
    park_id = _park(api, asked.park)
    with api.database.write() as conn:
        rules.lock(conn, park_id)
        rules.expect(conn, park_id, rule_id, asked.version)
        rules.retire(conn, park_id, rule_id, actor=named(who, asked.actor), now=api.clock.now())
        watches.expand(conn, park_id)
        rules.announce(conn, park_id)
    return _told(api, park_id, rule_id)


@router.post("/rules/try", dependencies=[needs(Permission.RULE_WRITE)])
def trial(api: Api, asked: models.Trying) -> models.TrialModel:
    """Which alarms a rule would have raised. Changes nothing. Stops at a million readings, and says so."""
    until = asked.until or api.clock.now()
    since = asked.since or until - WEEK
    if not timedelta(0) < until - since <= LONGEST:
        late = (until - WEEK).isoformat()
        raise InvalidParameter(Wrong("from", "is not before to, or more than 400 days before it", late, "body"))
    if (asked.rule is None) == (asked.rule_id is None):
        raise InvalidParameter(Wrong("rule", "or rule_id is to be given, one of them", "a rule, or its id", "body"))
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        if asked.rule_id is not None:
            wanted = _read(_row(reader, park_id, asked.rule_id)["spec"])
        else:
            wanted = _read({"id": "trial", **(asked.rule or {})})
            _check(wanted, History(reader.connection, park_id).registered().candidates)
        found = try_rule(reader.connection, park_id, wanted, since=since, until=until)
    return models.TrialModel(**found.as_json())


def _read(spec: dict[str, Any]) -> Rule:
    try:
        return from_spec(spec)
    except InvalidRuleError as error:
        wrongs = [Wrong(f"rule.{p.file}", p.message, p.advice.removeprefix("write "), "body") for p in error.problems]
        raise InvalidParameter(*wrongs) from error


def _check(wanted: Rule, known: Candidates) -> None:
    wrongs = [
        Wrong(".".join(map(str, ("rule", *found.path))), found.message, found.advice.removeprefix("write "), "body")
        for found in unknown(wanted, known)
    ]
    if wrongs:
        raise InvalidParameter(*wrongs)


def _park(api: Context, park_id: str | None) -> str:
    with api.database.read() as reader:
        return api.park(reader, park_id)


def _told(api: Context, park_id: str, rule_id: str) -> models.RuleDetail:
    with api.database.read() as reader:
        return _detail(reader, park_id, rule_id)


def _detail(reader: Reader, park_id: str, rule_id: str) -> models.RuleDetail:
    row = _row(reader, park_id, rule_id)
    found = reader.rows("rule_versions", park=park_id, rule=rule_id, rows=VERSIONS)
    versions = [models.RuleVersion(**{k: v for k, v in r.items() if k != "spec"}, rule=r["spec"]) for r in found]
    return models.RuleDetail(**_item(row), versions=versions)


def _row(reader: Reader, park_id: str, rule_id: str) -> Row:
    row = reader.row("rule_row", park=park_id, rule=rule_id)
    if row is None:
        known = [r["id"] for r in reader.rows("alarm_rules_known", park=park_id)]
        raise not_there(f"rule {rule_id} in park {park_id}", rule_id, known)
    return row


def _item(row: Row) -> Row:
    return {**{key: value for key, value in row.items() if key != "spec"}, "rule": row["spec"]}
