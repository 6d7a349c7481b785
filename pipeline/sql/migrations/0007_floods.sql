-- Who sends how much, who sends what cannot be read, whom a person has limited, and what an operator must be told of it.
-- Minutes are those of the received time; a park_id of null is a sender outside docs/wire.md, named by its topic.

-- The busiest senders of each lane, and everybody who was rejected. Written every few seconds: a crash loses that much.
create table smartpark.device_minute (
  minute     timestamptz not null,
  lane       text not null,
  park_id    text,
  device_id  text not null,
  messages   bigint not null,
  peak_per_s double precision not null,
  unique nulls not distinct (minute, lane, park_id, device_id)
);

create table smartpark.reject_minute (
  minute    timestamptz not null,
  lane      text not null,
  park_id   text,
  device_id text,                 -- null: the topic does not tell
  reason    text not null,
  messages  bigint not null,
  unique nulls not distinct (minute, lane, park_id, device_id, reason)
);

-- A person's decision that a device may send no more than so much. One that is over keeps its row.
create table smartpark.device_limit (
  device_limit bigint generated always as identity primary key,
  park_id      text not null,
  device_id    text not null,
  per_minute   integer not null check (per_minute >= 0),
  everything   boolean not null,  -- false: readings only; events and statuses always pass
  reason       text,
  set_at       timestamptz not null,
  set_by       text not null,
  until        timestamptz,       -- null: until somebody takes it off
  ended        timestamptz
);
create unique index device_limit_one on smartpark.device_limit (park_id, device_id) where ended is null;

-- What was left out because of a limit, durable before it is acked: sent = stored + repeats + dead letters + limited.
create table smartpark.limited_minute (
  minute    timestamptz not null,
  lane      text not null,
  park_id   text not null,
  device_id text not null,
  messages  bigint not null,
  unique (minute, lane, park_id, device_id)
);

-- How each lane's collector is doing, as it says itself every few seconds; old news means that nobody knows.
create table smartpark.lane_state (
  lane      text primary key,
  at        timestamptz not null,
  connected boolean not null,
  inbox     integer not null,     -- taken from the broker, not yet committed
  waited_s  double precision,     -- how long the oldest message of the last batch had waited for its commit
  trouble   text
);

-- Something about the intake that a person should know: raised and ended by the engine, from the tables above.
create table smartpark.intake_condition (
  condition   bigint generated always as identity primary key,
  kind        text not null check (kind in ('rejects', 'flood', 'conflicts')),
  lane        text,
  park_id     text,
  family      text,
  firmware    text,
  device_id   text,               -- null: several devices, or nobody knows which
  reason      text,
  started     timestamptz not null,
  raised      timestamptz not null,
  last        timestamptz not null,
  messages    bigint not null,    -- since it started
  per_minute  double precision not null,
  devices     integer not null,
  device_ids  text[] not null,
  dead_letter bigint,             -- the newest of them, to look at
  ended       timestamptz
);
create unique index intake_condition_open on smartpark.intake_condition
  (kind, lane, park_id, family, firmware, device_id, reason) nulls not distinct where ended is null;
create index intake_condition_raised on smartpark.intake_condition (raised);

create index device_minute_minute on smartpark.device_minute using brin (minute);
create index reject_minute_minute on smartpark.reject_minute using brin (minute);
create index conflict_received on smartpark.conflict (received);

grant select, insert, update (messages, peak_per_s) on smartpark.device_minute to park_writer;
grant select, insert, update (messages) on smartpark.reject_minute, smartpark.limited_minute to park_writer;
grant select on smartpark.device_limit to park_writer;
grant select, insert, update (at, connected, inbox, waited_s, trouble) on smartpark.lane_state to park_writer;
