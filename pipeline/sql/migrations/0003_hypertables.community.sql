-- TimescaleDB, community edition: hypertables, continuous aggregates in UTC, columnstore and retention policies.
-- The engine refreshes touched buckets itself; the policies are the net beneath it, so their start_offset is
-- inside raw retention (a refresh over dropped chunks would delete roll-ups) and far longer than lateness. Their
-- end_offset keeps them out of the hour that still fills: what comes late in it is shown from raw until it closes.
select create_hypertable('smartpark.reading', by_range('ts', interval '1 day'), create_default_indexes => false);
select create_hypertable('smartpark.access_event', by_range('ts', interval '7 days'));
select create_hypertable('smartpark.temperature_screening', by_range('ts', interval '7 days'));
select create_hypertable('smartpark.device_status', by_range('ts', interval '7 days'));

create materialized view smartpark.rollup_15m
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
{rollup_15m}
with no data;

create materialized view smartpark.rollup_1h
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
{rollup_1h}
with no data;

select add_continuous_aggregate_policy('smartpark.rollup_15m',
  start_offset => interval '{refresh_days} days', end_offset => interval '2 hours', schedule_interval => interval '1 hour');
select add_continuous_aggregate_policy('smartpark.rollup_1h',
  start_offset => interval '{refresh_days} days', end_offset => interval '2 hours', schedule_interval => interval '1 hour');

alter table smartpark.reading set (
  timescaledb.enable_columnstore, timescaledb.segmentby = 'point', timescaledb.orderby = 'ts');
call add_columnstore_policy('smartpark.reading', after => interval '3 days');

select add_retention_policy('smartpark.reading', interval '{raw_days} days');
select add_retention_policy('smartpark.access_event', interval '{event_days} days');
select add_retention_policy('smartpark.temperature_screening', interval '{screening_days} days');
select add_retention_policy('smartpark.device_status', interval '{event_days} days');
