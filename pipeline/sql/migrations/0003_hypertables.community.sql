-- TimescaleDB, community edition: hypertables, continuous aggregates in UTC, a columnstore. Its policies are no
-- migration: they follow the settings, and `park migrate` sets them anew at every run (pipeline/store/policies.py).
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

alter table smartpark.reading set (
  timescaledb.enable_columnstore, timescaledb.segmentby = 'point', timescaledb.orderby = 'ts');
