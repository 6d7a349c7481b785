"""The audit log over HTTP: who changed what, page by page, by who and about what."""

from datetime import timedelta

from pipeline.store import audit
from tests.api.messages import Hand
from tests.api.serving import NOW, serving


def test_who_changed_what_is_told_page_by_page(hand: Hand, database: str) -> None:
    for n in range(5):
        detail = {"was": n, "became": n + 1}
        subject, actor = f"services/s{n % 2}", "chen" if n < 4 else "li"
        audit.record(
            hand.admin, now=NOW + timedelta(minutes=n), action="t", subject=subject, detail=detail, actor=actor
        )
    hand.admin.commit()
    with serving(database) as api:
        first = api.get("/api/v1/audit?limit=2&actor=chen").json
        assert [item["detail"]["was"] for item in first["items"]] == [3, 2]
        rest = api.get(first["next"]).json
        assert [item["detail"] for item in rest["items"]] == [{"was": 1, "became": 2}, {"was": 0, "became": 1}]
        assert rest["next"] is None
        about = api.get("/api/v1/audit?subject=services/s1").json["items"]
        assert [item["subject"] for item in about] == ["services/s1"] * 2
        assert len(api.get("/api/v1/audit?subject=services").json["items"]) == 5
        between = api.get("/api/v1/audit?since=2026-11-21T06:41:00Z&until=2026-11-21T06:43:00Z").json["items"]
        assert [item["detail"]["was"] for item in between] == [2, 1]
        assert api.get("/api/v1/audit?limit=0").status == 400
