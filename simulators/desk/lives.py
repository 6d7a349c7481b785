"""What becomes of an order: who takes it, who goes there, who forgets what, and what the tenant says in the end."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pipeline.domain.request import RequestAction
from pipeline.domain.work_order import OrderAction as A
from simulators.desk import habits
from simulators.desk.acts import SYSTEM, Desk, Who
from simulators.desk.asks import Asking
from simulators.desk.clockwork import Clockwork
from simulators.desk.habits import Habit
from simulators.desk.hours import OFFICE
from simulators.desk.people import Staff, Technician
from simulators.desk.play import Life
from simulators.desk.truth import TrueOrder

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AGAIN_AT_MOST = 2
CONFIRM_DAYS = timedelta(days=3)  # silence closes then
AFTER_CLOSING = timedelta(days=1)  # an engine has closed it by then


class TooLate(Exception):  # noqa: N818 - it names what happened
    """somebody else was faster"""


@dataclass
class Case:
    """One order in people's heads. rng: its own luck, so that another order changes nothing here."""

    desk: Desk
    staff: Staff
    habit: Habit
    row: TrueOrder
    rng: Random
    asking: Asking | None = None
    by: Technician | None = None
    clockwork: Clockwork | None = None

    @property
    def now(self) -> datetime:
        return self.desk.now

    def minutes(self, median: float, sigma: float = 0.6) -> timedelta:
        """A duration around a median, to the millisecond."""
        return timedelta(milliseconds=round(60_000 * median * self.rng.lognormvariate(0, sigma)))

    def luck(self, share: float) -> bool:
        return self.rng.random() < share

    def operator(self) -> Who:
        return self.rng.choice(self.staff.operators)


def life(case: Case, *, closes: bool) -> Life:
    """An order from its opening to its end. closes: nobody else (an engine) closes what nobody objects to."""
    with _busy(case):
        for _ in range(AGAIN_AT_MOST + 1):
            ended = yield from _attended(case)
            if ended:
                return
            reopened = yield from _afterwards(case)
            if not reopened:
                break
        yield from _ended(case, closes=closes)


def taken_up(case: Case, state: str) -> Life:
    """An order that somebody else opened, or that was left half done, until it is done."""
    with _busy(case):
        if state in ("new", "reopened"):
            yield from _attended(case)
            return
        yield case.now + case.minutes(case.habit.fix_min)
        if state == "waiting":
            _press(case, A.RESUME)
        _press(case, A.FINISH)


@contextmanager
def _busy(case: Case) -> Iterator[None]:
    """Nobody else simulated sees to it meanwhile; who finds that somebody was faster leaves it to them."""
    case.desk.busy.add(case.row.order)
    try:
        with suppress(TooLate):
            yield
    finally:
        case.desk.busy.discard(case.row.order)


def _ended(case: Case, *, closes: bool) -> Life:
    """Stars, and silence that closes."""
    confirmed = case.row.last("confirm") is not None
    rates = case.asking is not None and case.luck(habits.RATED[confirmed])
    if rates and confirmed:
        yield case.now + case.minutes(4)
        _rate(case)
    yield from _closed(case, closes=closes)
    if rates and not confirmed:
        yield case.now + case.minutes(600)
        _rate(case)


def _attended(case: Case) -> Generator[datetime, None, bool]:
    """Until it is done; the value is whether it ended without that."""
    row, habit = case.row, case.habit
    if row.count("reopen") == 0 and case.luck(habit.called_off):
        yield case.now + case.minutes(25, 0.8)
        if case.asking:
            case.asking.by_tenant(RequestAction.CANCEL, reason="no longer needed")
        else:
            case.desk.act(row, A.CANCEL, case.operator(), reason="no longer needed")
        return True
    while True:
        yield from _taken(case)
        if not case.luck(habits.HANDED_BACK):
            break
        yield case.now + case.minutes(12)
        _press(case, A.RELEASE, reason="needs somebody else")
    yield from _worked(case)
    return False


def _taken(case: Case) -> Life:
    """Until somebody has taken it."""
    row, rng, priority = case.row, case.rng, case.row.priority
    due = [case.now + MINUTE * m for m in habits.ESCALATES[priority]] if case.clockwork else []
    begin = OFFICE.next_open(case.now) if priority == "P4" else case.now
    yield from _escalated(case, due, begin)
    case.by = by = _choose(case)
    if case.luck(habits.MISSED[priority]):  # who should see it does not, and somebody gives it to another
        yield from _escalated(case, due, case.now + case.minutes(12 if priority in ("P1", "P2") else 45))
        others = [t for t in case.staff.able(row.skill) if t is not by]
        case.by = by = rng.choice(others) if others else by
        if by.person is not None:
            case.desk.act(row, A.ASSIGN, case.operator(), detail={"person": by.person}, to=by.login)
    seen = case.now + case.minutes(habits.SEEN_MIN[priority] * by.prompt, 0.7)
    late = case.minutes(15) if case.luck(0.015) else timedelta()  # pressed in a basement, heard upstairs
    yield from _escalated(case, due, seen + late)
    _press(case, A.ACCEPT, when=seen)


def _escalated(case: Case, due: list[datetime], until: datetime) -> Life:
    """The next instant, and before it those at which somebody is told that nobody has taken the order yet."""
    while case.clockwork and due and due[0] < until:
        yield due.pop(0)
        case.clockwork.escalate(case.desk)
    if until > case.now:
        yield until


def _worked(case: Case) -> Life:
    """From taking it to done: the way there, the work, and what has to be waited for."""
    row, rng, habit = case.row, case.rng, case.habit
    by = case.by
    assert by is not None  # noqa: S101 - it was taken
    fix = case.minutes(habit.fix_min * by.pace, habit.spread)
    urgent = row.priority in ("P1", "P2")
    start = case.now if urgent else max(case.now, by.free)
    if case.luck(habit.remote):
        by.free = start + fix / 2
        yield start + fix / 2
        _press(case, A.FINISH, detail={"remote": True})
        return
    if case.asking and not urgent and case.luck(habits.APPOINTED):  # the tenant names a time
        at = OFFICE.next_open(case.now + timedelta(hours=rng.choice((2, 4, 20, 26))))
        at = at.replace(minute=0 if at.minute < 30 else 30, second=0, microsecond=0)
        if at > case.now:
            case.asking.by_tenant(RequestAction.APPOINT, detail={"at": at.isoformat()})
            start = max(start, at - 20 * MINUTE)
    travel = MINUTE * (rng.uniform(*habits.OUTSIDE_MIN) if by.contractor else rng.uniform(*habits.TRAVEL_MIN))
    by.free = start + travel + fix
    yield start
    departed = case.luck(0.85)
    if departed:
        _press(case, A.DEPART)
    there = case.now + travel
    forgot, deaf = case.luck(by.forgets), case.luck(by.deaf)
    proof = rng.choices(("code", "nfc", "access", "geofence", "claimed"), (42, 12, 16, 15, 15))[0]
    if deaf:  # both are told once there is a signal again
        yield there + fix + case.minutes(9)
        row.there = row.there or there
        if not forgot:
            _press(case, A.ARRIVE, when=there, detail={"proof": proof})
        _press(case, A.FINISH, when=there + fix)
        return
    yield there
    row.there = row.there or there
    if not forgot:
        _press(case, A.ARRIVE, detail={"proof": proof})
    if case.luck(habit.parts):
        yield from _waited(case, "parts", timedelta(hours=rng.uniform(*habits.PARTS_H)))
    elif case.asking and case.luck(habits.ACCESS):
        yield from _waited(case, rng.choice(("access", "tenant")), timedelta(hours=rng.uniform(1, 20)))
    yield case.now + fix
    _press(case, A.FINISH)


def _waited(case: Case, reason: str, long: timedelta) -> Life:
    """Something is missing; it goes on in office hours."""
    yield case.now + case.minutes(10)
    _press(case, A.WAIT, reason=reason)
    yield OFFICE.next_open(case.now + long)
    _press(case, A.RESUME)
    yield case.now + MINUTE * case.rng.uniform(*habits.TRAVEL_MIN)
    _press(case, A.ARRIVE, detail={"proof": "code"})


def _afterwards(case: Case) -> Generator[datetime, None, bool]:
    """What others say of it once it is done; the value is whether it was re-opened."""
    again = case.row.count("reopen") < AGAIN_AT_MOST and case.luck(case.habit.again)
    if case.habit.verify_s is not None:
        yield case.now + timedelta(seconds=case.habit.verify_s) + MINUTE * (5 if again else 0)
        if again:
            case.desk.act(case.row, A.REOPEN, SYSTEM, reason="not normal after it was done")
        else:
            case.desk.act(case.row, A.VERIFY, SYSTEM)
        return again
    if case.asking is None:
        yield OFFICE.next_open(case.now + case.minutes(300))
        case.desk.act(case.row, A.CONFIRM, case.operator())
        return False
    if again:
        yield OFFICE.next_open(case.now + case.minutes(180, 0.9))
        return case.asking.by_tenant(RequestAction.REOPEN, reason="it is not mended")
    if case.luck(habits.CONFIRMED):
        yield OFFICE.next_open(case.now + min(case.minutes(90, 1.1), 40 * HOUR))
        case.asking.by_tenant(RequestAction.CONFIRM)
    return False


def _closed(case: Case, *, closes: bool) -> Life:
    """Silence closes: what was verified the day after, what nobody spoke of when the days of the terms are over."""
    spoken = case.row.last("confirm", "verify")
    done = case.row.last("finish") or case.now
    over = spoken + 24 * HOUR if spoken and spoken >= done else done + CONFIRM_DAYS
    if closes:
        yield over
        case.desk.act(case.row, A.CLOSE, SYSTEM)
    else:
        yield over + AFTER_CLOSING


def _rate(case: Case) -> None:
    """Stars by how long it took, whether it was done well, and who rates."""
    asking, row = case.asking, case.row
    assert asking is not None  # noqa: S101 - the caller looked
    came = (row.first("arrive", "finish") or case.now) - row.created
    whole = (row.last("finish") or case.now) - row.created
    content = 4.75 + asking.tenant.pleased - 0.22 * min(came / HOUR, 6) - 0.025 * min(whole / HOUR, 48)
    content += case.rng.gauss(0, 0.55) - 1.1 * row.count("reopen")
    asking.rate(max(1, min(5, round(content))))


def _choose(case: Case) -> Technician:
    """Whoever is there, can do it, and is done first; once handed back, somebody else where there is anybody."""
    here = case.staff.here(case.row.skill, case.now)
    others = [t for t in here if t is not case.by] or here
    return min(others, key=lambda t: (max(t.free, case.now), case.rng.random()))


def _press(case: Case, action: A, *, when: datetime | None = None, reason: str | None = None,
           detail: dict[str, object] | None = None) -> None:  # fmt: skip
    """The technician presses a button on a phone: what counts is its time, corrected by the last sync's offset."""
    by = case.by
    assert by is not None  # noqa: S101 - somebody took it
    done = case.desk.act(case.row, action, (by.login, by.person), when=when or case.now, ahead_s=by.ahead_s,
                         reason=reason, detail=detail)  # fmt: skip
    if not done:
        raise TooLate
    if action is A.FINISH and case.asking:
        case.asking.row.answered = when or case.now
