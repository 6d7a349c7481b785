"""A dry run over history: which alarms a rule would have raised, by the same decisions as live ones.

What is not kept is taken as it is now: what is registered, what is usual, the calendar. A device's silence is as old as
its transition, and each alarm counts as seen at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg

from pipeline.domain.noise import Advice, Episode, NoiseTerms, advise, chatters
from pipeline.domain.rule import Priority, Rule
from pipeline.domain.spell import Turn
from pipeline.domain.subjects import Subject
from pipeline.rules.history import History
from pipeline.rules.trial_subjects import Past

LISTED = 1000  # alarms in one answer
MOST = 1_000_000  # readings and events of one dry run, unless more are asked for


@dataclass(frozen=True, slots=True)
class Would:
    """One alarm that would have been: event times of its condition, of the raise, and of its return (None: it stands).
    reopened: soon after its last return, so that the alarm before it would have gone on."""

    subject: Subject
    began: datetime
    raised: datetime
    returned: datetime | None
    value: float | None
    reason: dict[str, Any]
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. chattering: by subject, with the setting that would have spared most of it, if one would.
    standing: subjects whose alarm stood before the time began. first: of the readings and events looked at, the oldest.
    truncated: why not everything was looked at."""

    rule: Rule
    since: datetime
    until: datetime
    subjects: int
    looked_at: int
    readings: int
    raised: tuple[Would, ...]
    standing: int
    chattering: tuple[tuple[Subject, Advice | None], ...]
    first: datetime | None = None
    truncated: str | None = None

    @property
    def alarms(self) -> int:
        """How many alarms people would have seen: re-opened ones are not counted again."""
        return sum(not would.reopened for would in self.raised)

    def as_json(self) -> dict[str, Any]:
        """For a program; of what would have been raised the first LISTED."""
        truncated = self.truncated
        if truncated is None and len(self.raised) > LISTED:
            truncated = f"the first {LISTED} of {len(self.raised)} are listed; ask for fewer days or fewer devices"
        return {
            "rule_id": self.rule.rule_id, "since": self.since.isoformat(), "until": self.until.isoformat(),
            "subjects": self.subjects, "looked_at": self.looked_at, "readings": self.readings,
            "first": self.first.isoformat() if self.first else None, "alarms": self.alarms,
            "raises": len(self.raised), "standing": self.standing,
            "chattering": [{"subject": _named(s), "advice": _told(advice)} for s, advice in self.chattering],
            "by_subject": [{"subject": _named(s), "alarms": n} for s, n in self.counts().items()],
            "raised": [
                {"subject": _named(would.subject), "began": would.began.isoformat(), "raised": would.raised.isoformat(),
                 "returned": would.returned.isoformat() if would.returned else None, "value": would.value,
                 "reason": _plain(would.reason), "reopened": would.reopened}
                for would in self.raised[:LISTED]
            ],
            "truncated": truncated,
        }  # fmt: skip

    def counts(self) -> dict[Subject, int]:
        """Alarms by subject, the most first."""
        found: dict[Subject, int] = {}
        for would in self.raised:
            found[would.subject] = found.get(would.subject, 0) + (not would.reopened)
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def try_rule(
    conn: psycopg.Connection[Any], park_id: str, rule: Rule, *, since: datetime, until: datetime, most: int = MOST
) -> Trial:
    """Judges a rule's subjects between two instants. Only reads, from views. NotFound where there is no such park."""
    history = History(conn, park_id)
    past = Past(history, rule, history.zone(), since=since, until=until)
    subjects = past.subjects()
    raised: list[Would] = []
    chattering: list[tuple[Subject, Advice | None]] = []
    standing, looked_at = 0, 0
    for subject in subjects:
        if history.readings >= most:
            break
        episodes = list(_episodes(subject, past.turns(subject)))
        standing += sum(
            would.raised <= since and (would.returned is None or would.returned > since) for would in episodes
        )
        within = _reopened(rule, [would for would in episodes if would.raised > since])
        raised += within
        looked_at += 1
        if chatters([would.raised for would in within], rule.chatter_raises, timedelta(seconds=rule.chatter_s)):
            chattering.append((subject, _advice(rule, within)))
    truncated = None
    if looked_at < len(subjects):
        truncated = (
            f"stopped after {history.readings:,} readings: {looked_at} of {len(subjects)} subjects were looked at; ask"
            " for fewer days or fewer devices"
        )
    raised.sort(key=lambda would: would.raised)
    return Trial(
        rule, since, until, len(subjects), looked_at, history.readings, tuple(raised), standing, tuple(chattering),
        history.first, truncated,
    )  # fmt: skip


def _episodes(subject: Subject, turns: Iterable[tuple[Turn, dict[str, Any]]]) -> Iterator[Would]:
    standing: Would | None = None
    for turn, reason in turns:
        if turn.raised:
            standing = Would(subject, turn.began, turn.at, None, turn.value, reason)
        elif standing is not None:
            yield replace(standing, returned=turn.at)
            standing = None
    if standing is not None:
        yield standing


def _reopened(rule: Rule, found: Sequence[Would]) -> list[Would]:
    """Marks those that a person would have seen as the alarm before, back again."""
    marked: list[Would] = []
    for would in found:
        before = marked[-1].returned if marked else None
        again = before is not None and would.raised - before <= timedelta(seconds=rule.reopen_s)
        marked.append(replace(would, reopened=again))
    return marked


def _advice(rule: Rule, found: Sequence[Would]) -> Advice | None:
    urgent = rule.life_safety or rule.priority is Priority.CRITICAL
    terms = NoiseTerms(rule.on_delay_s, rule.off_delay_s, rule.respond_s, urgent)
    return advise([Episode(would.raised, would.returned) for would in found], terms)


def _named(subject: Subject) -> dict[str, str | None]:
    return {"device_id": subject.device_id, "point": subject.point, "space_id": subject.space_id}


def _told(advice: Advice | None) -> dict[str, Any] | None:
    if advice is None:
        return None
    return {"kind": str(advice.kind), "amount": advice.amount, "alarms": advice.alarms, "left": advice.left}


def _plain(reason: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in reason.items()}
