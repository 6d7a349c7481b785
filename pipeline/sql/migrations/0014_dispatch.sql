-- Who is on duty, who is asked next, and the letters that leave: an outbox from which each goes once.

create table smartpark.rota (
  park_id text not null references smartpark.park,
  rota_id text not null,
  name_zh text not null,
  name_en text not null,
  skills  text[] not null check (cardinality(skills) > 0),  -- `*`: whatever no other rota of that place has
  space_id text,                      -- and below; null: the whole park
  retired boolean not null default false,
  primary key (park_id, rota_id)
);
-- What repeats: who takes turns, on which days, from when to when (domain/rota.py). Never changed: replaced.
create table smartpark.shift_pattern (
  pattern bigint generated always as identity primary key,
  park_id text not null,
  rota_id text not null,
  spec    jsonb not null,
  filled  date,                       -- its shifts are made up to this day, park time
  retired timestamptz,
  foreign key (park_id, rota_id) references smartpark.rota
);
create index shift_pattern_rota on smartpark.shift_pattern (park_id, rota_id) where retired is null;
create table smartpark.shift (
  shift   bigint generated always as identity primary key,
  park_id text not null,
  rota_id text not null,
  pattern bigint references smartpark.shift_pattern,  -- that it was made from; null: by hand
  person  integer not null references smartpark.person,
  during  tstzrange not null check (not isempty(during)),
  level   smallint not null default 1 check (level between 1 and 9),  -- 1 is asked first
  made_by text not null,
  foreign key (park_id, rota_id) references smartpark.rota
);
create index shift_during on smartpark.shift using gist (during);
create unique index shift_once on smartpark.shift (pattern, person, during) where pattern is not null;

-- Somebody is away, somebody comes instead or beside; the shifts themselves stay as they were planned.
create table smartpark.shift_change (
  change    bigint generated always as identity primary key,
  park_id   text not null,
  rota_id   text not null,
  during    tstzrange not null check (not isempty(during)),
  away      integer references smartpark.person,
  instead   integer references smartpark.person,
  level     smallint check (level between 1 and 9),  -- of who comes beside; instead of somebody: that one's
  reason    text not null,
  made_by   text not null,
  made      timestamptz not null,
  cancelled timestamptz,
  foreign key (park_id, rota_id) references smartpark.rota,
  check (away is not null or (instead is not null and level is not null))
);
create index shift_change_during on smartpark.shift_change using gist (during) where cancelled is null;

-- Where messages to a person go, in this order.
create table smartpark.contact (
  person  integer not null references smartpark.person,
  place   smallint not null check (place > 0),
  channel text not null check (channel in ('webhook', 'ntfy', 'email')),
  address text not null,
  primary key (person, place)
);

create table smartpark.escalation (
  work_order bigint not null references smartpark.work_order,
  round      integer not null,        -- a re-opened, handed-back or re-assigned order begins a new one
  step       integer not null,        -- 0: who is on duty; then as the terms say
  level      smallint not null,       -- of the rota
  due        timestamptz not null,
  fired      timestamptz,
  ended      timestamptz,             -- nobody needs it any more: accepted, or a new round began
  people     integer[],               -- who was told; empty: nobody was on duty, or could be reached
  why        text,                    -- it fired
  primary key (work_order, round, step)
);
create index escalation_due on smartpark.escalation (due) where fired is null and ended is null;

create table smartpark.notification (
  notification bigint generated always as identity primary key,
  park_id     text not null references smartpark.park,
  person      integer not null references smartpark.person,
  work_order  bigint references smartpark.work_order,
  alarm       bigint references smartpark.alarm,
  cause       text not null,          -- the same cause to the same contact of a person is one message
  asks        boolean not null,       -- that somebody takes the order: nobody needs it once somebody has
  place       smallint not null,      -- of the contact; 0: the person has none
  channel     text not null check (channel in ('webhook', 'ntfy', 'email', 'none')),
  address     text not null,
  subject     text not null,
  body        text not null,
  urgency     text not null check (urgency in ('now', 'soon', 'later')),
  link        text,                   -- works once; gone when the message has ended
  state       text not null check (state in ('pending', 'sending', 'accepted', 'failed')),
  attempts    integer not null default 0,
  made        timestamptz not null,
  next        timestamptz,            -- pending: not before; sending: given up on then
  deadline    timestamptz not null,   -- after it nobody needs it any more
  ended       timestamptz,
  claim       uuid,
  error       text check (error in ('refused', 'unreachable', 'timeout', 'limited', 'invalid', 'expired', 'withdrawn')),
  error_text  text,                   -- of the last failure
  provider_id text,
  unique (cause, person, place),
  check ((state in ('pending', 'sending')) = (next is not null)),
  check ((state in ('accepted', 'failed')) = (ended is not null))
);
create index notification_next on smartpark.notification (next) where state in ('pending', 'sending');
create index notification_order on smartpark.notification (work_order) where work_order is not null;
create index notification_ended on smartpark.notification (ended) where ended is not null;

-- Of which SLA events and alarm pages people were told; so that each is told once.
create table smartpark.told (
  kind   text not null check (kind in ('sla', 'page')),  -- number: of sla_event, of alarm_notice
  number bigint not null,
  at     timestamptz not null,
  people integer[] not null,
  primary key (kind, number)
);
create index told_at on smartpark.told (at);
create index sla_event_recorded on smartpark.sla_event (recorded) where what in ('threshold', 'breach');
create index alarm_notice_paged on smartpark.alarm_notice (decided) where decision = 'page';

-- Escalation follows what people do to orders through the API.
grant select, insert, update (due, ended) on smartpark.escalation to park_operator;

-- Who sends reads what is to be sent, and writes what became of it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'park_notifier') then create role park_notifier nologin; end if;
exception when duplicate_object or unique_violation then null;  -- another database of this server was faster
end $$;
grant usage on schema smartpark to park_notifier;
grant select, insert, update (state, attempts, next, ended, claim, error, error_text, provider_id, link)
  on smartpark.notification to park_notifier;
grant select on smartpark.contact to park_notifier;
grant select (person, active) on smartpark.person to park_notifier;
grant select (work_order, state) on smartpark.work_order to park_notifier;
