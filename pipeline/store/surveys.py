"""The periodic survey among enterprises: one answer a company, apart from the ratings of what was asked for."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.request import RequestRefused
from pipeline.store import audit
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "surveys_sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSurvey:
    """What companies are asked, and from when until when."""

    park_id: str
    name_zh: str
    name_en: str
    opens: datetime
    closes: datetime


def make(conn: psycopg.Connection, new: NewSurvey, *, now: datetime, actor: str) -> int:
    """A survey; its number. Raises RequestRefused."""
    if new.closes <= max(new.opens, now):
        raise RequestRefused("a survey closes after it opens, and after now")
    row = conn.execute(
        QUERIES["add_survey"],
        {"park": new.park_id, "zh": new.name_zh, "en": new.name_en, "opens": new.opens, "closes": new.closes,
         "actor": actor},
    ).fetchone()  # fmt: skip
    assert row is not None  # noqa: S101 - insert … returning
    detail = {"was": None, "became": {"opens": new.opens.isoformat(), "closes": new.closes.isoformat()}}
    audit.record(conn, now=now, action="survey", subject=f"surveys/{row[0]}", detail=detail, actor=actor)
    return int(row[0])


def answer(
    conn: psycopg.Connection, survey: int, *, park_id: str | None, company_id: str, stars: int, words: str | None,
    now: datetime, actor: str,
) -> None:  # fmt: skip
    """What a company says, once; the same again changes nothing. Raises NotFound, RequestRefused."""
    found = conn.execute(QUERIES["survey"], {"survey": survey, "park": park_id, "company": company_id}).fetchone()
    if found is None:
        raise NotFound(f"survey {survey}")
    opens, closes, known = found
    if not opens <= now < closes:
        raise RequestRefused(f"this survey is open from {opens.isoformat()} to {closes.isoformat()}")
    said = {"survey": survey, "company": company_id, "stars": stars, "words": words, "actor": actor, "now": now}
    if conn.execute(QUERIES["add_answer"], said).rowcount:
        detail = {"was": None, "became": {"company": company_id, "stars": stars}}
        audit.record(conn, now=now, action="survey-answer", subject=f"surveys/{survey}", detail=detail, actor=actor)
    elif known != stars:
        raise RequestRefused("your company has answered it already")


__all__ = ["NewSurvey", "answer", "make"]
