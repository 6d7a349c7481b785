"""How long somebody who guesses passwords has to wait: pure, from when the wrong ones were tried."""

from collections.abc import Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)  # what was wrong before then counts no longer
FREE_LOGIN = 5  # wrong passwords for one login before its next try has to wait,
FREE_SOURCE = 30  # and from one address: a whole company may come from there
FIRST = timedelta(minutes=1)
LONGEST = timedelta(minutes=15)


def wait(wrong: Sequence[datetime], *, free: int, now: datetime) -> timedelta:
    """How long until the next try is looked at; zero: now. It doubles with each wrong one after the free ones."""
    counted = sorted(at for at in wrong if at > now - WINDOW)
    beyond = len(counted) - free
    if beyond < 0:
        return timedelta(0)
    doubled: int = 2 ** min(beyond, 10)
    pause = min(FIRST * doubled, LONGEST)
    return max(counted[-1] + pause - now, timedelta(0))
