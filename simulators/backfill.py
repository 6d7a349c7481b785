"""Gives a park a past: days of history through the ordinary writer, from the same functions as the live run.

History is written in slabs of some 15,000 readings, one transaction each, logged in `ingest_batch` under the lane
`history` with the slab's end as its time. So a killed back-fill goes on where it stopped, and a second one has nothing
to do: it begins where the database's data end.
"""

import gc
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.domain.message import Batch, ConnectionState, Event, Message, Sample, Sender, StatusReport
from pipeline.domain.park import Device, Park
from pipeline.ingest import Writer
from pipeline.store.queries import load
from simulators.schedule import Cast
from simulators.signals.noise import Times

LANE = "history"
SLAB_READINGS = 15_000
BLOCK_SLABS = 24  # slabs whose signals are computed at once
GRACE = timedelta(minutes=5)  # a device heard so shortly before a slab's end was still talking at its end
QUERIES = load(Path(__file__).parent / "sql")

Progress = Callable[[int, int], None]  # readings done, readings to do
Columns = dict[str, list[float | None]]


class Filled(NamedTuple):
    """What a back-fill stored, and from when."""

    since: datetime
    readings: int
    events: int
    batches: int


def backfill(
    writer: Writer,
    park: Park,
    *,
    until: datetime,
    days: float = 7,
    step_s: int = 300,
    seed: int,
    progress: Progress | None = None,
    granted: int = 10,
    faulty: bool = True,
    only: Collection[str] | None = None,
) -> Filled:
    """Stores what the park said in the `days` before `until`, readings every `step_s` seconds.

    Begins where data end, if that is later. Of granted decisions only one in `granted` is told: nothing on the
    screens needs them all, and they are a third of the events. Denials, passages and screenings are complete. faulty:
    with the standing faults. only: what these devices measured, and nothing else.
    """
    known = _newest(writer)
    since = max(until - timedelta(days=days), known) if known else until - timedelta(days=days)
    cast = Cast(park, seed, boot=LANE, faulty=faulty)
    told = tuple(d for d in park.devices if only is None or d.device_id in only)
    points = sum(len(d.points) for d in told)
    slab_s = step_s * max(1, SLAB_READINGS // max(1, points))
    total = len(_grid(since.timestamp(), until.timestamp(), step_s)) * points
    readings = events = batches = done = 0
    with _without_cycle_search():
        for messages, end in _slabs(
            cast, told, since, until, slab_s=slab_s, step_s=step_s, granted=granted if only is None else None
        ):
            if batches == 0 and not known:
                messages = [*_statuses(cast, since, name="birth", devices=told), *messages]
            if end == until:  # gates and scanners have no readings to be heard by
                quiet = tuple(d for d in told if not d.points)
                messages = [*messages, *_statuses(cast, until, name="heartbeat", devices=quiet)]
            outcome = writer.write(Batch(LANE, messages), now=end)
            readings += outcome.readings
            events += outcome.events
            batches += 1
            done = min(total, done + sum(len(s.values) for m in messages for s in m.samples))
            if progress:
                progress(total if end == until else done, total)
    return Filled(since, readings, events, batches)


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Millions of tuples and no cycles among them: looking for some would take a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _newest(writer: Writer) -> datetime | None:
    """Park time of the newest batch of any lane: that is where data end."""
    with writer.conn.transaction():
        row = writer.conn.execute(QUERIES["newest_batch"]).fetchone()
    found: datetime | None = row[0] if row else None
    return found


def _slabs(
    cast: Cast, told: tuple[Device, ...], since: datetime, until: datetime, *, slab_s: int, step_s: int,
    granted: int | None,
) -> Iterator[tuple[list[Message], datetime]]:  # fmt: skip
    """The messages of each slab and its end, in time order. granted None: nothing happens at the gates."""
    begin, stop = since.timestamp(), until.timestamp()
    while begin < stop:
        block_end = min(begin + slab_s * BLOCK_SLABS, stop)
        grid = _grid(begin, block_end, step_s)
        times = [datetime.fromtimestamp(t, UTC) for t in grid.tolist()]
        voices = [d.device_id for d in told if d.points] if len(grid) else []  # else: a pause under step_s
        columns = {name: _columns(cast, name, grid) for name in voices}
        happenings = cast.days.between(begin, block_end, granted=granted) if granted is not None else []
        at = 0
        while begin < block_end:
            end = min(begin + slab_s, block_end)
            ends = datetime.fromtimestamp(end, UTC) if end < stop else until
            first, last = np.searchsorted(grid, [begin, end]).tolist()
            messages = [
                message
                for device in told
                if device.device_id in columns
                if (message := _pack(cast, device, columns[device.device_id], times, first, last, ends))
            ]
            while at < len(happenings) and happenings[at].time_us < end * 1e6:
                h = happenings[at]
                time = h.event.time or ends
                received = min(time + timedelta(milliseconds=400), ends)
                messages.append(_message(cast.park, h.device, h.id, received, events=[h.event]))
                at += 1
            yield messages, ends
            begin = end


def _grid(begin: float, end: float, step_s: int) -> Times:
    """Multiples of step_s in [begin, end)."""
    return np.arange(-(-begin // step_s), -(-end // step_s)) * float(step_s)


def _columns(cast: Cast, device_id: str, grid: Times) -> tuple[Columns, list[bool]]:
    """Values by point over the grid (None: no value), and when the device is silent."""
    silent = cast.faults.silent_at(device_id, grid, offset_s=cast.site.offset_s).tolist()
    columns: Columns = {}
    for name, values in cast.voices[device_id](grid).items():
        listed = values.tolist()
        columns[name] = [None if v != v else v for v in listed] if np.isnan(values).any() else listed
    return columns, silent


def _pack(
    cast: Cast, device: Device, found: tuple[Columns, list[bool]], times: list[datetime], first: int, last: int,
    end: datetime,
) -> Message | None:  # fmt: skip
    """One device's samples of a slab."""
    columns, silent = found
    rows = zip(*(c[first:last] for c in columns.values()), strict=True)
    samples = [
        Sample(device.device_id, times[n], dict(zip(columns, row, strict=True)))
        for n, row in enumerate(rows, start=first)
        if not silent[n]
    ]
    if not samples:
        return None
    heard = samples[-1].time or end
    received = end if end - heard < GRACE else heard + timedelta(seconds=1)
    return _message(cast.park, device, f"{cast.tag}-{int(times[first].timestamp()):x}b", received, samples=samples)


def _statuses(cast: Cast, at: datetime, *, name: str, devices: tuple[Device, ...]) -> list[Message]:
    """What these devices say of themselves at one instant."""
    found = []
    for device in devices:
        report = StatusReport(
            at, ConnectionState.ONLINE, firmware=cast.firmware(device), battery_pct=cast.battery_pct(device)
        )
        found.append(_message(cast.park, device, f"{LANE}-{name}-{int(at.timestamp()):x}", at, events=[report]))
    return found


def _message(
    park: Park, device: Device, name: str, received: datetime, *, samples: list[Sample] | None = None,
    events: list[Event] | None = None,
) -> Message:  # fmt: skip
    sender = Sender(park.park_id, device.family, device.device_id)
    digest = name.encode()[-16:].rjust(16)  # the name tells the content: both come from the seed
    return Message(sender, f"m:{name}", digest, received, samples or [], events or [])
