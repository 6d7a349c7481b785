"""The closed list of metric names of the writing half; docs/operations.md has one line for each."""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

# Collector: from the broker to the batch.
COLLECTOR_MESSAGES = Counter("park_collector_messages", "Messages taken from the broker.", ["lane"])
COLLECTOR_REJECTED = Counter("park_collector_rejected", "Messages that became dead letters.", ["lane", "reason"])
COLLECTOR_INBOX = Gauge("park_collector_inbox", "Messages taken but not yet committed.", ["lane"])
COLLECTOR_CONNECTED = Gauge("park_collector_connected", "1 while the lane's MQTT session is connected.", ["lane"])
COLLECTOR_LANES = Gauge("park_collector_lanes", "Lanes that this process holds.")
COLLECTOR_DEATHS = Counter("park_collector_deaths", "Lanes stopped by an unforeseen error; they start again.", ["lane"])
COLLECTOR_RETRIES = Counter("park_collector_retries", "Batches that had to wait for the database.")
COLLECTOR_LIMITED = Counter(
    "park_collector_limited", "Messages left out because a person limited their device.", ["lane"]
)
COLLECTOR_BUSIEST = Gauge("park_collector_busiest_per_s", "Messages a second of the lane's busiest sender.", ["lane"])
COLLECTOR_OLDEST = Gauge(
    "park_collector_oldest_seconds", "Age of the oldest message taken but not yet durable.", ["lane"]
)
COLLECTOR_COMMITTED = Gauge(
    "park_collector_committed_timestamp_seconds",
    "When the lane last stored a batch in the database, in epoch seconds.",
    ["lane"],
)

# Spool: what a collector keeps on disk while the database is away.
SPOOL_STATE = Gauge("park_spool_state", "0 live, 1 draining, 2 spooling, 3 taking nothing: the broker holds.", ["lane"])
SPOOL_MESSAGES = Gauge("park_spool_messages", "Messages in the spool.", ["lane"])
SPOOL_BYTES = Gauge("park_spool_bytes", "Size of the spool's files.", ["lane"])
SPOOL_OLDEST = Gauge("park_spool_oldest_seconds", "Age of the oldest message in the spool.", ["lane"])
SPOOL_KEPT = Counter("park_spool_kept", "Messages written to the spool and acknowledged.", ["lane"])
SPOOL_DRAINED = Counter("park_spool_drained", "Messages of the spool that were stored.", ["lane"])
SPOOL_REFUSED = Counter(
    "park_spool_refused", "Batches that the spool could not take: full, or its disk fails.", ["lane"]
)
SPOOL_TORN = Counter("park_spool_torn", "Torn ends of files that were cut off, never acknowledged.", ["lane"])
SPOOL_DAMAGED = Counter("park_spool_damaged", "Parts of the spool that cannot be read; kept in aside/.", ["lane"])
SPOOL_LOCKED = Gauge("park_spool_locked_files", "Files of the spool that another key than seal.key sealed.", ["lane"])

# Ingest: one transaction.
INGEST_BATCHES = Counter("park_ingest_batches", "Committed transactions.")
INGEST_MESSAGES = Counter("park_ingest_messages", "Messages in committed transactions, repeats included.")
INGEST_READINGS = Counter("park_ingest_readings", "Readings stored.")
INGEST_EVENTS = Counter("park_ingest_events", "Access events, screenings and statuses stored.")
INGEST_DUPLICATES = Counter("park_ingest_duplicates", "Readings and messages recognised as repeats.")
INGEST_CONFLICTS = Counter("park_ingest_conflicts", "Contents that contradict what is stored under the same key.")
INGEST_UNIDENTIFIED = Counter("park_ingest_unidentified", "Messages with neither identity nor trusted time.")
INGEST_COMMIT_SECONDS = Histogram("park_ingest_commit_seconds", "Time a transaction takes.", buckets=SECONDS)
INGEST_LAG_SECONDS = Gauge("park_ingest_lag_seconds", "Commit minus received time of the last batch's oldest message.")

# Engine.
ENGINE_STEP_SECONDS = Histogram("park_engine_step_seconds", "Time an engine step takes.", ["step"], buckets=SECONDS)
ENGINE_STEP_FAILURES = Counter("park_engine_step_failures", "Engine steps that raised an error.", ["step"])
ENGINE_STEP_DONE = Counter("park_engine_step_done", "Things an engine step did (rows changed).", ["step"])

# Alarms.
ALARM_CONDITIONS = Gauge("park_alarm_conditions", "Watches that each batch is judged by.")
JUDGE_FAILURES = Counter(
    "park_judge_failures", "Watches that could not be judged: an error that nobody foresaw, see the log."
)
JUDGE_SECONDS = Histogram("park_judge_seconds", "Time that judging a batch takes.", buckets=SECONDS)
ALARMS_RAISED = Counter("park_alarms_raised", "Alarms raised or re-opened, historic ones apart.", ["priority"])
ALARMS_RETURNED = Counter("park_alarms_returned", "Alarms whose condition was over, or that were withdrawn.")
ALARM_NOTICES_DUE = Counter("park_alarm_notices_due", "Alarms of which people may have to be told.")
ALARM_NOTICES = Counter("park_alarm_notices", "Decisions whether people are told of an alarm.", ["decision"])

# Escalation and the outbox.
ESCALATIONS = Counter("park_escalations", "Steps of escalation that fired, by the level that was asked.", ["level"])
ESCALATIONS_NOBODY = Counter("park_escalations_nobody", "Steps at which nobody was on duty or could be reached.")
DUTY_GAPS = Gauge("park_duty_gaps", "Skills for which nobody is on duty at level 1 now.", ["park"])
NOTIFICATIONS = Counter(
    "park_notifications",
    "Attempts to send, and messages that ended unsent, by what came of them.",
    ["channel", "outcome"],
)
NOTIFY_SECONDS = Histogram("park_notify_seconds", "Time an attempt to send takes.", ["channel"], buckets=SECONDS)
OUTBOX_WAITING = Gauge("park_outbox_waiting", "Messages that wait to be sent or are being sent.")
OUTBOX_OLDEST = Gauge("park_outbox_oldest_seconds", "Age of the oldest message that is due and not yet accepted.")
