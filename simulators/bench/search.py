"""Finds the highest rate that can be held: grow until one cannot, then prove rates for a minute, down and up again."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from simulators.bench.trial import Trial

GROW = 1.5
ROUGHLY = 1.25  # short trials look no closer than this: a minute is harder to hold than eight seconds
CLOSE_ENOUGH = 1.06  # the highest proven and the lowest unproven rate differ by no more, where time allows
FIRST_PROOF = 0.88  # of the highest rate of the short trials, which flatter: a proof that fails costs a minute
STEP_DOWN = 0.93  # after a proof that failed: below it, or below what was committed meanwhile
STEEPEST = 0.85
TRIAL_S = 8.0
AROUND_S = 8.0  # what a trial takes besides, draining and comparing, until one took longer


@dataclass
class Search:
    """`attempt(rate, seconds)` runs a trial. Ends by `deadline` (monotonic)."""

    attempt: Callable[[float, float], Trial]
    deadline: float
    around_s: float = AROUND_S

    def highest(self, *, start: float, seconds: float) -> Trial | None:
        """The proof of the highest rate sustained for `seconds`; None where none was."""
        rate = FIRST_PROOF * self._explore(start, proof_s=seconds)
        best: Trial | None = None
        failed = math.inf
        while rate and failed / (best.rate if best else 1.0) > CLOSE_ENOUGH and self._time_for(seconds):
            found = self._try(rate, seconds)
            if not found.why:
                best = found
                rate = rate * CLOSE_ENOUGH if math.isinf(failed) else math.sqrt(rate * failed)
                continue
            failed = rate
            down = max(STEEPEST * rate, min(STEP_DOWN * rate, STEP_DOWN * found.committed_per_s))
            rate = math.sqrt(best.rate * failed) if best else down
        return best

    def _explore(self, start: float, *, proof_s: float) -> float:
        """The highest rate that is held for a short time, with time left for two proofs."""
        good, bad, rate = 0.0, math.inf, start
        while bad / max(good, 1.0) > ROUGHLY and self._time_for(TRIAL_S, 2 * (proof_s + self.around_s)):
            if self._try(rate, TRIAL_S).why:
                bad = rate
                rate = math.sqrt(good * bad) if good else rate / GROW**2
            else:
                good = rate
                rate = rate * GROW if math.isinf(bad) else math.sqrt(good * bad)
        return good

    def _try(self, rate: float, seconds: float) -> Trial:
        begun = time.monotonic()
        found = self.attempt(rate, seconds)
        self.around_s = max(self.around_s, time.monotonic() - begun - seconds)
        return found

    def _time_for(self, seconds: float, reserve_s: float = 0.0) -> bool:
        return time.monotonic() + seconds + self.around_s + reserve_s <= self.deadline
