"""Looks through what an earlier run left in a lane's spool: a torn end is cut off, what is rotten is put aside."""

import contextlib
import logging
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from collectors.spool_segment import HEAD, SUFFIX, Damage, Record, Seal, Segment
from pipeline import metrics
from pipeline.domain.errors import ConfigurationError

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """The segments of a folder, oldest first; the files that another key sealed; the highest number taken."""

    segments: list[Segment]
    locked: list[Path]
    number: int


def load(folder: Path, lane: str, seal: Seal) -> Found:
    """What a folder holds, looked through."""
    found: list[Segment] = []
    locked: list[Path] = []
    files = sorted(folder.glob(f"[0-9]*{SUFFIX}"))
    for file in files:
        try:
            segment = Segment.load(file, seal)
        except ConfigurationError as error:
            log.error("lane %s: %s; it stays where it is", lane, error)  # noqa: TRY400
            locked.append(file)
            continue
        if segment is None:
            _put_away(file, lane)
            continue
        last: Record | Damage | None = None
        for last in segment.records():
            segment.messages += last.messages if isinstance(last, Record) else 0
        if file is files[-1] and isinstance(last, Damage):
            _cut(segment, last, lane)
        segment.close()
        found.append(segment)
    return Found(found, locked, int(files[-1].stem) if files else 0)


def aside(folder: Path) -> Path:
    """Where a lane's damaged files are kept for a person to look at."""
    kept = folder / "aside"
    kept.mkdir(exist_ok=True, mode=0o700)
    return kept


def _cut(segment: Segment, tail: Damage, lane: str) -> None:
    """Takes the torn end off the newest file. What is fsynced is whole, so nobody was told that this is kept."""
    metrics.SPOOL_TORN.labels(lane).inc()
    log.warning("lane %s: %s ends in %d torn bytes", lane, segment.path, tail.end - tail.start)
    with contextlib.suppress(OSError):  # should the disk have lied, a person can look at it
        (aside(segment.path.parent) / f"{segment.uuid}-{tail.start}.torn").write_bytes(segment.raw(tail))
    segment.cut(tail.start)


def _put_away(file: Path, lane: str) -> None:
    """A file without a head: it never got one, or (there is more of it) it was damaged later."""
    if file.stat().st_size <= HEAD.size:
        metrics.SPOOL_TORN.labels(lane).inc()
        file.unlink()
        return
    metrics.SPOOL_DAMAGED.labels(lane).inc()
    log.error("lane %s: %s cannot be read; it goes to aside/", lane, file)
    file.rename(aside(file.parent) / f"{uuid4()}{SUFFIX}")
