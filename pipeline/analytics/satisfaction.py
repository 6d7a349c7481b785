"""What tenants think of the service, as far as they say so, and by which way they ask for it."""

import pandas as pd

from pipeline.analytics.estimates import share
from pipeline.analytics.figures import GOOD, Online, Rating, Span, Survey


def rating(requests: pd.DataFrame, span: Span, *, few: int = 1) -> Rating:
    """What tenants said of requests that were answered in the span."""
    until = min(span.until, span.now)
    can = requests[(requests["answered"] >= span.since) & (requests["answered"] < until) & requests["company"].notna()]
    stars = can["stars"].dropna()
    return Rating(
        mean=float(stars.mean()) if len(stars) >= max(few, 1) else None,
        good=share(int((stars >= GOOD).sum()), len(stars), few=few),
        rated=share(len(stars), len(can)),
        stars=[int((stars == n).sum()) for n in range(1, 6)],
    )


def surveys(answers: pd.DataFrame) -> list[Survey]:
    """The surveys, oldest first; a company answers once."""
    found = []
    for survey, mine in answers.groupby("survey", sort=True):
        first, stars = mine.iloc[0], mine["stars"].dropna()
        n, asked = len(stars), int(first["asked"])
        found.append(
            Survey(
                survey=int(str(survey)),
                name_zh=first["name_zh"],
                name_en=first["name_en"],
                opens=first["opens"].to_pydatetime(),
                closes=first["closes"].to_pydatetime(),
                mean=float(stars.mean()) if n else None,
                good=share(int((stars >= GOOD).sum()), n),
                answered=share(n, max(asked, n)),
            )
        )
    return found


def online(requests: pd.DataFrame, span: Span) -> Online:
    """How requests that came in the span were entered."""
    came = requests[(requests["created"] >= span.since) & (requests["created"] < min(span.until, span.now))]
    channels = {str(name): int(n) for name, n in came["channel"].value_counts().items()}
    return Online(share(channels.get("online", 0), len(came)), dict(sorted(channels.items())))
