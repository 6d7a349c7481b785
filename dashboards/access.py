"""Access and screening: who passes is nobody's business, how many and how well the gates work is."""

from dashboards.panels import Json, bars, dashboard, query


def access_and_screening() -> Json:
    """Flow through gates, denials, doors, temperature screenings. Counts only: the views show no person."""
    return dashboard(
        "park-access",
        title="门禁与测温 / Access and screening",
        tags=["access", "screening"],
        since="now-24h",
        panels=[
            bars(query("passages", "timeseries", title="通行 / Passages", width=16)),
            query("passages_by_gate", "table", title="闸机 / By gate", width=8),
            bars(query("decisions", "timeseries", title="鉴权 / Decisions")),
            query("denials", "table", title="拒绝 / Denials"),
            query("doors", "table", title="门状态 / Doors", width=24, height=6),
            query("screening_share", "stat", title="复测率 / Referred", unit="percentunit", width=4),
            bars(query("screenings", "timeseries", title="测温 / Screenings by result", width=10)),
            query("skin_temperature", "barchart", title="体表温度 / Skin temperature", width=10),
            query("scanners", "table", title="测温仪 / Scanners", width=24),
        ],
    )
