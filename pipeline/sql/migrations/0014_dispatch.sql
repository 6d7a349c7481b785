-- Who is on duty, who is asked next, and the letters that leave: an outbox from which each goes once.

create table smartpark.rota (
  park_id text not null references smartpark.park,
  rota_id text not null,
  name_zh text not null,
  name_en text not null,
  skills  text[] not null,
  space_id text,                      -- and below; null: the whole park
  retired boolean not null default false,
  primary key (park_id, rota_id)
);
create table smartpark.shift (
  shift   bigint generated always as identity primary key,
  park_id text not null,
  rota_id text not null,
  person  integer not null references smartpark.person,
  during  tstzrange not null,
  level   smallint not null default 1 check (level between 1 and 9),  -- 1 is asked first
  made_by text not null,
  foreign key (park_id, rota_id) references smartpark.rota
);
create index shift_during on smartpark.shift using gist (during);

-- Where messages to a person go, in this order.
create table smartpark.contact (
  person  integer not null references smartpark.person,
  place   smallint not null,
  channel text not null check (channel in ('webhook', 'ntfy', 'email')),
  address text not null,
  primary key (person, place)
);

create table smartpark.escalation (
  work_order bigint not null references smartpark.work_order,
  round      integer not null,        -- a re-opened or handed-back order begins a new one
  step       integer not null,        -- 0: who is on duty; then as the terms say
  due        timestamptz not null,
  fired      timestamptz,
  ended      timestamptz,             -- accepted before it was due
  people     integer[],               -- who was told
  primary key (work_order, round, step)
);
create index escalation_due on smartpark.escalation (due) where fired is null and ended is null;

create table smartpark.notification (
  notification bigint generated always as identity primary key,
  park_id     text not null references smartpark.park,
  person      integer not null references smartpark.person,
  work_order  bigint references smartpark.work_order,
  alarm       bigint references smartpark.alarm,
  cause       text not null,          -- the same cause to the same person by the same channel is one message
  channel     text not null check (channel in ('webhook', 'ntfy', 'email')),
  address     text not null,
  subject     text not null,
  body        text not null,
  urgency     text not null check (urgency in ('now', 'soon', 'later')),
  link        text,
  state       text not null check (state in ('pending', 'sending', 'accepted', 'failed')),
  attempts    integer not null default 0,
  made        timestamptz not null,
  next        timestamptz,            -- pending: not before; sending: given up on then
  deadline    timestamptz not null,   -- after it nobody needs it any more
  ended       timestamptz,
  claim       uuid,
  error       text,                   -- kind of the last failure: refused, unreachable, timeout, limited, invalid, expired
  error_text  text,
  provider_id text,
  unique (cause, person, channel)
);
create index notification_next on smartpark.notification (next) where state in ('pending', 'sending');
