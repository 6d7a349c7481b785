"""What is allowed in a rule and hardly meant: limits that nothing plausible reaches or comes back from, mixed units."""

from collections.abc import Iterator, Sequence

from pipeline.domain.park import Point
from pipeline.domain.rule import Limits, Rule, Schedule


def doubts(rule: Rule, points: Sequence[Point]) -> Iterator[str]:
    """Sentences about a rule on limits, given the points that it watches; none: nothing is odd."""
    limits = rule.condition.limits if isinstance(rule.condition, Schedule) else rule.condition
    if not isinstance(limits, Limits) or not points:
        return
    units = sorted({point.unit for point in points})
    if len(units) > 1:
        yield f"its points are in {', '.join(units)}, and its limits are in one unit only"
        return
    lows = [point.low for point in points if point.low is not None]
    highs = [point.high for point in points if point.high is not None]
    if limits.high is not None:
        if len(highs) == len(points) and limits.high >= max(highs):
            yield f"nothing plausible is above {limits.high:g}; the highest is {max(highs):g}"
        elif len(lows) == len(points) and limits.high - limits.deadband < min(lows):
            back = limits.high - limits.deadband
            yield f"nothing plausible ends it: it is over at {back:g}, and the lowest is {min(lows):g}"
    if limits.low is not None:
        if len(lows) == len(points) and limits.low <= min(lows):
            yield f"nothing plausible is below {limits.low:g}; the lowest is {min(lows):g}"
        elif len(highs) == len(points) and limits.low + limits.deadband > max(highs):
            back = limits.low + limits.deadband
            yield f"nothing plausible ends it: it is over at {back:g}, and the highest is {max(highs):g}"
