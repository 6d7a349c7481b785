"""Watches every device's clock while batches go by, and keeps who lies, since when and by how much.

Cheap enough for the hot path: some array operations a batch; the judge is asked once a minute for each device that is
not plainly on time. Devices that are heard over two lanes are judged by both, each from what it hears.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from pipeline.domain.clock_fault import (
    GUESSED,
    KEPT,
    ON_TIME_S,
    RIGHT,
    TRUSTED_S,
    ClockFault,
    ClockVerdict,
    ClockWindow,
    judge,
    remember,
)
from pipeline.store.registry import QUERIES

MISSING, NAIVE, UNIT = 1, 2, 4  # flags of a claim
WINDOW_S = 60.0
RECENT_S = 120.0  # what came longer ago (a spool that drains) says nothing about a clock now
TELLS_AGAIN_S = 600.0  # a missing time is no news each minute
_WINDOW = np.dtype([("received", "f8"), ("lead", "f8"), ("messages", "i4"), ("missing", "i4"), ("naive", "i4"),
                    ("unit", "i4")])  # fmt: skip


class Claim(NamedTuple):
    """One sample's or event's time for the watch: device key, device time − received (s, NaN: none), flags, received
    (s since 1970)."""

    device: int
    lead_s: float
    flags: int
    received_s: float


class Claims(NamedTuple):
    """What a batch shows of device clocks: the members of its claims as columns of one length."""

    device: NDArray[np.int32]
    lead_s: NDArray[np.float64]
    flags: NDArray[np.uint8]
    received_s: NDArray[np.float64]

    @staticmethod
    def of(claims: Iterable[Claim]) -> "Claims":
        """Single claims as columns."""
        device, lead, flags, received = zip(*claims, strict=True) if (claims := list(claims)) else ((), (), (), ())
        return Claims(
            np.array(device, np.int32), np.array(lead, np.float64), np.array(flags, np.uint8),
            np.array(received, np.float64),
        )  # fmt: skip

    def take(self, chosen: NDArray[np.bool_]) -> "Claims":
        """The chosen ones."""
        return Claims(self.device[chosen], self.lead_s[chosen], self.flags[chosen], self.received_s[chosen])

    def join(self, other: "Claims") -> "Claims":
        """Both."""
        return Claims(
            np.concatenate([self.device, other.device]), np.concatenate([self.lead_s, other.lead_s]),
            np.concatenate([self.flags, other.flags]), np.concatenate([self.received_s, other.received_s]),
        )  # fmt: skip


class Finding(NamedTuple):
    """What is to be written of one device: its verdict (fault None: it is right again) and the newest example."""

    device: int
    verdict: ClockVerdict
    messages: int
    example: ClockWindow
    trusted_until: datetime | None


def claim(device: int, time: datetime | None, received: datetime) -> Claim:
    """What a device says of the time in one sample."""
    at = received.timestamp()
    if time is None:
        return Claim(device, float("nan"), MISSING, at)
    if time.tzinfo is None:
        return Claim(device, (time.replace(tzinfo=UTC) - received).total_seconds(), NAIVE, at)
    return Claim(device, (time - received).total_seconds(), UNIT if time.tzinfo is GUESSED else 0, at)


class ClockWatch:
    """One writer's watch. `distrusted`: up to which claimed time each distrusted device was believed."""

    def __init__(self) -> None:
        self._slot_of = np.full(0, -1, np.int32)  # by device key; keys have gaps, slots have none
        self._devices: list[int] = []
        self._now = np.zeros(0, _WINDOW)  # the window that is open
        self._window = np.zeros(0, np.int64)
        self._closed = np.zeros(0)  # lead of the last closed one
        self._history = np.zeros((0, KEPT), _WINDOW)
        self._filled = np.zeros(0, np.int32)
        self._standing: dict[int, ClockVerdict] = {}
        self._counts: dict[int, int] = {}
        self._told: dict[int, float] = {}
        self.distrusted: dict[int, datetime] = {}

    def load(self, conn: psycopg.Connection) -> None:
        """Takes over what the database says stands; what this process saw of late stays."""
        self._standing, self._counts, self.distrusted = {}, {}, {}
        for device, fault, offset, since, count, until in conn.execute(QUERIES["standing_clocks"]):
            self._standing[device] = ClockVerdict(ClockFault(fault), offset, since.timestamp())
            self._counts[device] = count
            if until is not None:
                self.distrusted[device] = until

    def watch(self, conn: psycopg.Connection, claims: Claims, *, now: datetime) -> list[Finding]:
        """Sees a batch's claims and keeps what changed, in the batch's transaction."""
        found = self.see(claims, now=now)
        keep(conn, found, now=now)
        return found

    def see(self, claims: Claims, *, now: datetime) -> list[Finding]:
        """One batch; returns whose verdict changed or deserves a new example."""
        at = now.timestamp()
        recent = claims.received_s >= at - RECENT_S
        if not recent.all():
            claims = claims.take(recent)
        if not len(claims.device):
            return []
        slots = self._slots(claims.device)
        window = int(at // WINDOW_S)
        marks = np.zeros(len(self._devices), np.bool_)
        marks[slots] = True
        opened = np.flatnonzero(marks & (self._window < window))
        found = self._close(opened[self._now["messages"][opened] > 0], at)
        self._window[opened] = window
        self._now[opened] = np.array((0.0, -np.inf, 0, 0, 0, 0), _WINDOW)
        self._add(slots, claims)
        return found

    def _add(self, slots: NDArray[np.int32], claims: Claims) -> None:
        size, now = len(self._devices), self._now
        _, lead_s, flags, received_s = claims
        now["messages"] += np.bincount(slots, minlength=size).astype(np.int32)
        for name, flag in (("missing", MISSING), ("naive", NAIVE), ("unit", UNIT)):
            chosen = slots[(flags & flag) != 0]
            if len(chosen):
                now[name] += np.bincount(chosen, minlength=size).astype(np.int32)
        timed = ~np.isnan(lead_s)
        untimed = ~timed & (now["lead"][slots] == -np.inf)
        now["received"][slots[untimed]] = received_s[untimed]
        slots, lead_s, received_s = slots[timed], lead_s[timed], received_s[timed]
        np.maximum.at(now["lead"], slots, lead_s)
        leads_most = lead_s == now["lead"][slots]
        now["received"][slots[leads_most]] = received_s[leads_most]

    def _close(self, slots: NDArray[np.int64], at: float) -> list[Finding]:
        """Ends the open windows of some devices, and asks the judge about those that are not plainly on time."""
        if not len(slots):
            return []
        closed = self._now[slots]
        closed["lead"][closed["lead"] == -np.inf] = np.nan
        self._closed[slots] = closed["lead"]
        for slot in slots[self._filled[slots] == KEPT].tolist():
            kept = remember(self._windows(slot), ClockWindow(0.0, 0.0, 0))[:-1]
            self._history[slot, : len(kept)] = kept
            self._filled[slot] = len(kept)
        self._history[slots, self._filled[slots]] = closed
        self._filled[slots] += 1
        plain = (np.abs(closed["lead"]) <= ON_TIME_S) & (closed["missing"] + closed["naive"] + closed["unit"] == 0)
        suspicious = [s for s, fine in zip(slots.tolist(), plain.tolist(), strict=True)
                      if not fine or self._devices[s] in self._standing]  # fmt: skip
        if not suspicious:
            return []
        late = self._all_are_late(at)
        return [f for s in suspicious if (f := self._ask(s, at, others_late=late)) is not None]

    def _ask(self, slot: int, at: float, *, others_late: bool) -> Finding | None:
        device, windows = self._devices[slot], self._windows(slot)
        before = self._standing.get(device, RIGHT)
        verdict = judge(windows, before, others_late=others_late)
        newest = windows[-1]
        if verdict.fault is None:
            if before.fault is None:
                return None
            del self._standing[device]
            self._counts.pop(device, None)
            self.distrusted.pop(device, None)
            return Finding(device, verdict, 0, newest, None)
        known = before.fault is verdict.fault and before.since_s == verdict.since_s
        seen = newest.messages if known else sum(w.messages for w in windows if w.received_s >= verdict.since_s)
        self._counts[device] = seen + (self._counts.get(device, 0) if known else 0)
        self._standing[device] = verdict
        if not verdict.distrusted:
            self.distrusted.pop(device, None)
        elif not known or device not in self.distrusted:
            # What it claimed to be later than this it cannot have said while it was believed.
            until = at + min(verdict.offset_s or 0.0, 0.0) + TRUSTED_S
            self.distrusted[device] = datetime.fromtimestamp(until, UTC)
        if known and verdict.fault is ClockFault.MISSING and at - self._told.get(device, 0.0) < TELLS_AGAIN_S:
            return None
        self._told[device] = at
        return Finding(device, verdict, self._counts[device], newest, self.distrusted.get(device))

    def _all_are_late(self, at: float) -> bool:
        """Whether several devices are heard and not one of them is on time: then the lateness may be ours."""
        heard = self._window >= int((at - RECENT_S) // WINDOW_S)
        leads = np.fmax(self._closed, self._now["lead"])[heard]
        return len(leads) > 1 and not bool(((leads >= -ON_TIME_S) & (leads <= TRUSTED_S)).any())

    def _windows(self, slot: int) -> list[ClockWindow]:
        return [ClockWindow(*row) for row in self._history[slot, : self._filled[slot]].tolist()]

    def _slots(self, devices: NDArray[np.int32]) -> NDArray[np.int32]:
        most = int(devices.max())
        if most >= len(self._slot_of):
            grown = np.full(max(1024, 2 * most), -1, np.int32)
            grown[: len(self._slot_of)] = self._slot_of
            self._slot_of = grown
        slots: NDArray[np.int32] = self._slot_of[devices]
        if (slots >= 0).all():
            return slots
        fresh = np.unique(devices[slots < 0])
        self._slot_of[fresh] = len(self._devices) + np.arange(len(fresh), dtype=np.int32)
        self._devices += fresh.tolist()
        more = len(fresh)
        self._now = np.concatenate([self._now, np.zeros(more, _WINDOW)])
        self._window = np.concatenate([self._window, np.full(more, -1, np.int64)])
        self._closed = np.concatenate([self._closed, np.full(more, np.nan)])
        self._history = np.concatenate([self._history, np.zeros((more, KEPT), _WINDOW)])
        self._filled = np.concatenate([self._filled, np.zeros(more, np.int32)])
        again: NDArray[np.int32] = self._slot_of[devices]
        return again


def keep(conn: psycopg.Connection, findings: Sequence[Finding], *, now: datetime) -> None:
    """Writes findings: ends what stands no longer, puts what stands."""
    if not findings:
        return
    lying = [f for f in findings if f.verdict.fault is not None]
    since = {f.device: datetime.fromtimestamp(f.verdict.since_s, UTC) for f in lying}
    devices = sorted(f.device for f in findings)
    conn.execute(QUERIES["end_clocks"], {"now": now, "devices": devices, "sinces": [since.get(d) for d in devices]})
    if lying:
        conn.execute(
            QUERIES["put_clocks"],
            {
                "devices": [f.device for f in lying],
                "sinces": [since[f.device] for f in lying],
                "faults": [str(f.verdict.fault) for f in lying],
                "offsets": [f.verdict.offset_s for f in lying],
                "counts": [f.messages for f in lying],
                "claims": [_claimed(f.example) for f in lying],
                "receiveds": [datetime.fromtimestamp(f.example.received_s, UTC) for f in lying],
                "reasons": [f.verdict.reason for f in lying],
                "untils": [f.trusted_until for f in lying],
            },
        )


def _claimed(example: ClockWindow) -> datetime | None:
    """What the device said, to the millisecond; None where it said nothing that a calendar has."""
    try:
        return datetime.fromtimestamp(round(example.claimed_s, 3), UTC)
    except (ValueError, OverflowError):
        return None
