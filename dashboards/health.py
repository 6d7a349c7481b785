"""Data health: does everything arrive, in time and once, and who is silent."""

from dashboards.panels import Json, bars, dashboard, metric, query


def data_health() -> Json:
    """The dashboard that an operator looks at first; Grafana's home page in docker-compose.yml."""
    return dashboard(
        "park-data-health",
        title="数据健康 / Data health",
        tags=["ingest"],
        since="now-6h",
        panels=[
            query("data_age", "stat", title="数据年龄 / Data age", unit="s", width=4, height=4),
            query("devices_by_family", "table", title="设备 / Devices by family", width=12, height=8),
            query("points_by_quality", "bargauge", title="质量 / Points by quality", width=8, height=8, options=ROWS),
            query("messages_and_readings", "timeseries", title="入库 / Stored per minute"),
            query("lag", "timeseries", title="延迟 / Lag by lane", unit="s"),
            bars(query("doubtful", "timeseries", title="重复、冲突、死信 / Repeats, conflicts, dead letters")),
            bars(query("availability", "timeseries", title="上线与离线 / Online and offline")),
            query("offline_devices", "table", title="离线设备 / Offline devices", width=24),
            query("dead_letters", "table", title="死信 / Dead letters", width=24),
            query("rejects", "table", title="不可解析 / Unreadable by device and reason", width=12),
            query("talkers", "table", title="发送最多 / Busiest senders", width=12),
            query("conditions", "table", title="接入异常 / Intake conditions", width=24),
            query("conflicts", "table", title="冲突 / Conflicts", width=12),
            query("engine_steps", "table", title="引擎步骤 / Engine steps", width=12),
            metric(
                "采集 / Messages by lane",
                ("sum by (lane) (rate(park_collector_messages_total[5m]))", "{{lane}}"),
                about="What collectors take from the broker, per second.",
                unit="cps",
            ),
            metric(
                "收件箱 / Inbox",
                ("sum by (lane) (park_collector_inbox)", "{{lane}}"),
                about="Messages taken but not yet committed; it stands still at its limit when the database is slow.",
            ),
            metric(
                "最早未入库 / Oldest not stored",
                ("max by (lane) (park_collector_oldest_seconds)", "{{lane}}"),
                about="Age of the oldest message that a lane has taken and not yet stored.",
                unit="s",
            ),
            metric(
                "落盘缓存 / Spool",
                ("sum by (lane) (park_spool_messages)", "{{lane}}"),
                about="Messages that wait on the collectors' disks: the database is away, or they are being drained.",
            ),
            metric(
                "落盘最早 / Oldest in the spool",
                ("max by (lane) (park_spool_oldest_seconds)", "{{lane}}"),
                about="Age of the oldest message on the collectors' disks.",
                unit="s",
            ),
            metric(
                "洪泛与限流 / Floods and limits",
                ("max by (lane) (park_collector_busiest_per_s)", "busiest sender, {{lane}}"),
                ("sum by (lane) (rate(park_collector_limited_total[5m]))", "left out, {{lane}}"),
                about="Messages a second of each lane's busiest sender, and those left out because a person said so.",
                unit="cps",
            ),
            metric(
                "提交耗时 / Commit time",
                ("histogram_quantile(0.5, sum by (le) (rate(park_ingest_commit_seconds_bucket[5m])))", "p50"),
                ("histogram_quantile(0.99, sum by (le) (rate(park_ingest_commit_seconds_bucket[5m])))", "p99"),
                about="How long a transaction takes.",
                unit="s",
            ),
            metric(
                "引擎耗时 / Engine step time",
                (
                    "sum by (step) (rate(park_engine_step_seconds_sum[5m]))"
                    " / sum by (step) (rate(park_engine_step_seconds_count[5m]))",
                    "{{step}}",
                ),
                about="Mean time of each engine step.",
                unit="s",
            ),
            metric(
                "通道 / Lanes held",
                ("sum(park_collector_lanes)", "lanes"),
                ("sum(park_collector_connected)", "connected"),
                about="Lanes held by collectors, and those with a live MQTT session.",
            ),
            metric(
                "API",
                ("sum by (status) (rate(park_api_requests_total[5m]))", "{{status}}"),
                ("sum(park_api_live_clients)", "live streams"),
                about="Requests a second by status, and open live streams.",
            ),
        ],
    )


ROWS: Json = {"reduceOptions": {"values": True, "calcs": ["lastNotNull"]}, "orientation": "horizontal"}
