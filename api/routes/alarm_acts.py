"""What people do to alarms, as who signed in, or under a name that they typed where nobody has to (docs/people.md)."""

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter

from api import alarm_models as models
from api.auth import Signed, named, needs
from api.context import Acting, Context
from api.routes import PREFIX
from api.routes.alarms import detail
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.role import Permission, Principal
from pipeline.store import alarm_acts as acts
from pipeline.store.alarm_acts import Person

router = APIRouter(prefix=PREFIX, tags=["alarms"], dependencies=[needs(Permission.ALARM_ACT)])


@router.post("/alarms/acknowledge")
def acknowledge(api: Acting, who: Signed, asked: models.Acknowledging) -> models.Answers:
    """Somebody has seen these alarms. Each gets its own answer: one that is refused leaves the others alone."""
    with api.database.write() as conn:
        answers = acts.acknowledge(conn, asked.alarms, person(api, who, asked), comment=asked.comment)
    return models.Answers(items=[models.Answer(**asdict(answer)) for answer in answers])


@router.post("/alarms/{alarm}/reset")
def reset(api: Acting, who: Signed, alarm: models.NumberPath, asked: models.Resetting) -> models.AlarmDetail:
    """Closes a latched alarm, once it is over and somebody has seen it."""
    with api.database.write() as conn:
        acts.reset(conn, alarm, person(api, who, asked), words=asked.comment)
    return told(api, alarm)


@router.post("/alarms/{alarm}/comment")
def comment(api: Acting, who: Signed, alarm: models.NumberPath, asked: models.Commenting) -> models.AlarmDetail:
    """Adds words to the journal, of a closed alarm too."""
    with api.database.write() as conn:
        acts.comment(conn, alarm, person(api, who, asked), words=asked.comment)
    return told(api, alarm)


@router.post("/alarms/{alarm}/shelve")
def shelve(api: Acting, who: Signed, alarm: models.NumberPath, asked: models.Shelving) -> models.AlarmDetail:
    """Keeps an alarm from people for a while. What is still true then alarms anew."""
    by, most = person(api, who, asked), timedelta(hours=api.settings.shelf_hours)
    if (asked.minutes is None) == (asked.until is None):
        raise InvalidParameter(Wrong("minutes", "or until is to be given, one of them", "such as 30", "body"))
    until = asked.until
    if asked.minutes is not None and asked.minutes * 60 <= most.total_seconds():
        until = by.now + timedelta(minutes=asked.minutes)
    if until is None or not timedelta(0) < until - by.now <= most:
        name, limit = ("until", by.now + most) if asked.until else ("minutes", most.total_seconds() / 60)
        raise InvalidParameter(Wrong(name, "is over already, or too far away", f"at most {limit}", "body"))
    with api.database.write() as conn:
        acts.shelve(conn, alarm, by, until=until, reason=asked.reason)
    return told(api, alarm)


@router.post("/alarms/{alarm}/release")
def release(api: Acting, who: Signed, alarm: models.NumberPath, asked: models.Releasing) -> models.AlarmDetail:
    """Ends what keeps an alarm from people. Where something weaker keeps it too, the answer says so."""
    with api.database.write() as conn:
        acts.release(conn, alarm, person(api, who, asked), reason=asked.reason)
    return told(api, alarm)


@router.post("/alarms/{alarm}/out-of-service")
def out_of_service(api: Acting, who: Signed, alarm: models.NumberPath, asked: models.TakingOut) -> models.AlarmDetail:
    """Takes what the alarm is about out of service, or its whole device: somebody answers for it meanwhile."""
    by = person(api, who, asked)
    if asked.until is not None and asked.until <= by.now:
        raise InvalidParameter(Wrong("until", "is over already", f"a time after {by.now.isoformat()}", "body"))
    with api.database.write() as conn:
        acts.take_out(
            conn, alarm, by, owner=asked.owner, reason=asked.reason, until=asked.until,
            whole_device=asked.whole_device,
        )  # fmt: skip
    return told(api, alarm)


@router.post("/holds/{hold}/release")
def release_hold(api: Acting, who: Signed, hold: models.NumberPath, asked: models.Releasing) -> models.Ended:
    """Ends one hold by its number, whether it keeps an alarm just now or not."""
    with api.database.write() as conn:
        acts.release_hold(conn, hold, person(api, who, asked), reason=asked.reason)
    return models.Ended(hold=hold, ended_by=named(who, asked.actor))


def person(api: Context, who: Principal, asked: models.ByPerson) -> Person:
    """Who acts, now."""
    return Person(named(who, asked.actor), api.clock.now())


def told(api: Context, alarm: int) -> models.AlarmDetail:
    """The alarm as it is after the act."""
    with api.database.read() as reader:
        return detail(reader, alarm)
