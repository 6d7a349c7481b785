-- TimescaleDB, Apache edition: hypertables; the roll-ups are tables that the engine refreshes, bucket by bucket.
select create_hypertable('smartpark.reading', by_range('ts', interval '1 day'), create_default_indexes => false);
select create_hypertable('smartpark.access_event', by_range('ts', interval '7 days'));
select create_hypertable('smartpark.temperature_screening', by_range('ts', interval '7 days'));
select create_hypertable('smartpark.device_status', by_range('ts', interval '7 days'));

create table smartpark.rollup_15m (
  point integer not null, bucket timestamptz not null, n bigint not null,
  sum double precision, min double precision, max double precision, first double precision, last double precision,
  unique (point, bucket)
);
create table smartpark.rollup_1h (like smartpark.rollup_15m including all);
create index rollup_15m_bucket on smartpark.rollup_15m using brin (bucket);
