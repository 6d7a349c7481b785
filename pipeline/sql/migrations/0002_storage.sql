-- What devices said. `ts` is the time that counts: the device's own where it can be trusted, else the received
-- time; then `device_ts` keeps what the device claimed. Hypertables are made in 0003, where the edition allows.

create table smartpark.reading (
  ts        timestamptz not null,
  received  timestamptz not null,
  device_ts timestamptz,
  point     integer not null,
  quality   smallint not null,
  value     double precision,
  unique (point, ts)
);

create table smartpark.access_event (
  ts         timestamptz not null,
  received   timestamptz not null,
  device_ts  timestamptz,
  device     integer not null,
  identity   text,
  ordinal    smallint not null default 0,
  kind       text not null check (kind in ('decision', 'passage', 'door')),
  code       smallint,
  direction  text not null check (direction in ('in', 'out', 'unknown')),
  reader     text,
  count      integer,
  subject    text,                -- pseudonym, changes every service day at 04:00
  company_id text,
  unique (device, identity, ordinal, ts)
);

create table smartpark.temperature_screening (
  ts           timestamptz not null,
  received     timestamptz not null,
  device_ts    timestamptz,
  device       integer not null,
  identity     text,
  ordinal      smallint not null default 0,
  result       text not null check (result in ('PASS', 'REFER', 'INVALID')),
  skin_c       real,
  ambient_c    real,
  humidity_pct real,
  body_site    text,
  reference    text,
  calibrated   date,
  reason       text,
  unique (device, identity, ordinal, ts)
);

create table smartpark.device_status (
  ts          timestamptz not null,
  received    timestamptz not null,
  device_ts   timestamptz,
  device      integer not null,
  identity    text,
  ordinal     smallint not null default 0,
  state       text not null check (state in ('online', 'offline')),
  reason      text,
  firmware    text,
  battery_pct real,
  signal_dbm  real,
  unique (device, identity, ordinal, ts)
);

-- The newest reading of each point by device time; an older one never overwrites it.
create table smartpark.latest (
  point    integer primary key,
  ts       timestamptz not null,
  received timestamptz not null,
  value    double precision,
  quality  smallint not null
) with (fillfactor = 50);

-- Messages whose own time cannot tell a repeat from a new one: all events, and readings with untrusted time.
create table smartpark.seen (
  device   integer not null,
  identity text not null,
  digest   bytea not null,
  received timestamptz not null,
  reading  boolean not null,      -- readings with untrusted time: their device is a suspect
  primary key (device, identity)
);
create index seen_received on smartpark.seen using brin (received);
create index seen_suspects on smartpark.seen (device) where reading;

-- The same key with another content: the first is kept where it belongs, the later one here, for a person to see.
create table smartpark.conflict (
  conflict bigint generated always as identity primary key,
  device   integer not null,
  kind     text not null check (kind in ('reading', 'access', 'screening', 'status')),
  point    integer,
  ts       timestamptz,
  identity text,
  digest   bytea not null,        -- over what was refused: a repeat of the contradiction is kept once
  received timestamptz not null,
  kept     double precision,
  refused  double precision,
  content  jsonb                  -- what was refused, where it was not a single value
);
create unique index conflict_once on smartpark.conflict (device, point, ts, identity, digest) nulls not distinct;

create table smartpark.dead_letter (
  dead_letter bigint generated always as identity primary key,
  received    timestamptz not null,
  park_id     text,
  device_id   text,
  lane        text not null,
  reason      text not null,
  detail      text not null,
  sealed      bytea not null,     -- topic and payload, AES-GCM: a malformed message cannot be redacted
  identity    bytea not null unique,
  times       integer not null default 1,  -- the same bytes, however often: repeats and identical messages look alike
  last_received timestamptz,
  replayed    timestamptz,
  outcome     text
);
create index dead_letter_received on smartpark.dead_letter (received desc);

-- One row a transaction: what the data-health tile and the operator at 3 a.m. look at.
create table smartpark.ingest_batch (
  batch        bigint generated always as identity primary key,
  at           timestamptz not null,   -- park time just before the commit
  lane         text not null,
  messages     integer not null,
  readings     integer not null,
  events       integer not null,
  duplicates   integer not null,
  conflicts    integer not null,
  dead_letters integer not null,
  unidentified integer not null,
  oldest       timestamptz            -- received time of the oldest message in it
);
create index ingest_batch_at on smartpark.ingest_batch using brin (at);

-- Which 15-minute buckets were touched: one row a batch and bucket, appended; the engine deletes, then recomputes.
create table smartpark.rollup_dirty (
  dirty  bigint generated always as identity primary key,
  bucket timestamptz not null,
  points integer[] not null
);
create index rollup_dirty_bucket on smartpark.rollup_dirty (bucket);

create table smartpark.rollup_day (
  point integer not null,
  day   date not null,            -- in the park's own time zone
  n     bigint not null,
  sum   double precision,
  min   double precision,
  max   double precision,
  first double precision,
  last  double precision,
  primary key (point, day)
);

create table smartpark.engine_step (
  step      text primary key,
  ran       timestamptz not null,
  seconds   double precision not null,
  done      bigint not null,
  error     text
);

-- Every state change that a person or a command makes: who, when, what it was and what it became. Append-only.
create table smartpark.audit_log (
  entry   bigint generated always as identity primary key,
  at      timestamptz not null,
  actor   text not null,          -- `local` until sign-in exists
  action  text not null,
  subject text not null,
  detail  jsonb not null
);
create function smartpark.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only';
end $$;
create trigger audit_log_append_only before update or delete or truncate on smartpark.audit_log
  for each statement execute function smartpark.refuse_change();
