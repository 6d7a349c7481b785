-- Devices whose clocks lie: one row for each time that a fault stood, `ended` null while it does.
create table smartpark.device_clock (
  device        integer not null references smartpark.device,
  since         timestamptz not null,   -- received time of the first window that shows it
  fault         text not null check (fault in ('missing', 'no-offset', 'not-set', 'seconds-for-milliseconds',
                  'milliseconds-for-seconds', 'zone-as-utc', 'ahead', 'behind', 'drifting')),
  offset_s      double precision,       -- ahead of the received time; behind: negative
  last_seen     timestamptz not null,
  count         bigint not null,        -- messages that were looked at while it stood
  claimed       timestamptz,            -- an example: what the device said,
  received      timestamptz not null,   -- and when that came
  reason        text not null,
  trusted_until timestamptz,            -- its plausible times are not believed; up to this one they were
  ended         timestamptz,
  primary key (device, since)
);
create unique index device_clock_standing on smartpark.device_clock (device) where ended is null;

grant select, insert, update on smartpark.device_clock to park_writer;
