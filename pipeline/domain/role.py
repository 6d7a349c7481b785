"""Who may do what: roles, permissions, and the one table that joins them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person, or a token, is in the park."""

    TECHNICIAN = "technician"
    OPERATOR = "operator"
    MANAGER = "manager"
    TENANT = "tenant"  # staff of a company in the park
    WALL = "wall"  # a screen that hangs there and shows
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What a route asks for. `own`: what is theirs only, which the route's query sees to."""

    PARK_READ = "park.read"  # the state of the park: devices, readings, alarms, intake
    ALARM_ACT = "alarm.act"
    RULE_WRITE = "rule.write"
    MAINTENANCE_PLAN = "maintenance.plan"
    ORDER_READ = "order.read"
    ORDER_READ_OWN = "order.read.own"  # assigned to them, or of their company
    ORDER_WORK = "order.work"  # accept, on the way, on site, waiting, done
    ORDER_DISPATCH = "order.dispatch"  # open, assign, priority, cancel, verify
    REQUEST_MAKE = "request.make"
    REQUEST_READ_OWN = "request.read.own"
    REQUEST_READ = "request.read"
    REQUEST_DESK = "request.desk"  # enter what was told by phone or at the desk, transfer, quote, answer
    REQUEST_SUPERVISE = "request.supervise"
    RATE = "rate"
    BOOK = "book"
    KPI_READ = "kpi.read"
    TERMS_WRITE = "terms.write"  # calendars, policies, rotas, catalogue
    PEOPLE_WRITE = "people.write"  # people, tokens, sessions
    AUDIT_READ = "audit.read"


P = Permission
_TECHNICIAN = {P.PARK_READ, P.ORDER_READ_OWN, P.ORDER_WORK}
_OPERATOR = {P.PARK_READ, P.ALARM_ACT, P.MAINTENANCE_PLAN, P.ORDER_READ, P.ORDER_READ_OWN, P.ORDER_WORK,
             P.ORDER_DISPATCH, P.REQUEST_READ, P.REQUEST_READ_OWN, P.REQUEST_DESK, P.BOOK, P.KPI_READ}  # fmt: skip
_MANAGER = {P.PARK_READ, P.ORDER_READ, P.ORDER_READ_OWN, P.REQUEST_READ, P.REQUEST_READ_OWN, P.REQUEST_SUPERVISE,
            P.BOOK, P.KPI_READ, P.AUDIT_READ, P.MAINTENANCE_PLAN}  # fmt: skip
_TENANT = {P.REQUEST_MAKE, P.REQUEST_READ_OWN, P.RATE, P.BOOK}
_ADMINISTRATOR = set(P) - {P.RATE}  # only tenants rate

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.TECHNICIAN: frozenset(_TECHNICIAN),
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.MANAGER: frozenset(_MANAGER),
    Role.TENANT: frozenset(_TENANT),
    Role.WALL: frozenset({P.PARK_READ}),
    Role.ADMINISTRATOR: frozenset(_ADMINISTRATOR),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a person signed in, a token, or whoever is on this machine where no sign-in is asked for.

    actor is what journals and the audit log say. park_id and company_id are None where nothing limits them.
    """

    actor: str
    role: Role
    permissions: frozenset[Permission]
    person: int | None = None
    park_id: str | None = None
    company_id: str | None = None
    contractor_id: str | None = None
    language: str = "zh"
    name: str | None = None
    session: int | None = None  # which of the person's,
    token: int | None = None  # or the token: what an open stream stands on

    @property
    def signed_in(self) -> bool:
        """Whether it is known who asks; else whoever is on this machine does."""
        return self.session is not None or self.token is not None

    def may(self, *any_of: Permission) -> bool:
        """Whether one of these permissions is theirs."""
        return not self.permissions.isdisjoint(any_of)
