-- PostgreSQL without TimescaleDB, for demonstration only: plain tables, and roll-ups computed when they are read.
-- In public, where TimescaleDB has its own, so that one SELECT text serves all editions.
create function public.time_bucket(width interval, ts timestamptz) returns timestamptz
  language sql immutable parallel safe
  return date_bin(width, ts, timestamptz '2000-01-03 00:00+00');

create index access_event_ts on smartpark.access_event (ts desc);
create index temperature_screening_ts on smartpark.temperature_screening (ts desc);
create index device_status_ts on smartpark.device_status (ts desc);
create index reading_ts on smartpark.reading using brin (ts);

create view smartpark.rollup_15m as
{rollup_15m};

create view smartpark.rollup_1h as
{rollup_1h};
