-- Work orders: what a technician does, whatever it came from. Where an order stands is derived from its events, which
-- are only ever added, each with the hash of the one before.

create table smartpark.work_order (
  work_order    bigint generated always as identity primary key,
  park_id       text not null references smartpark.park,
  origin        text not null check (origin in ('alarm', 'incident', 'request', 'round', 'planned', 'inspection', 'staff')),
  cause         text not null,        -- one open order for each: alarm:<watch>, incident:<n>, request:<n>, plan:<n>:<due>, staff:<uuid>
  service       text not null,        -- the catalogue's id
  skill         text not null,
  priority      text not null check (priority in ('P1', 'P2', 'P3', 'P4')),
  title_zh      text not null,
  title_en      text not null,
  words         text,                 -- as somebody told it
  space_id      text,
  device        integer references smartpark.device,
  point         integer references smartpark.point,  -- that has to be normal again
  company_id    text,                 -- the tenant that it is for
  contractor_id text,                 -- who answers for it, where the park itself does not
  alarm         bigint references smartpark.alarm,
  incident      bigint references smartpark.incident,
  request       bigint,               -- references service_request
  plan          bigint,               -- references maintenance_plan
  state         text not null check (state in ('new', 'accepted', 'en_route', 'on_site', 'waiting', 'done', 'confirmed',
                  'closed', 'rejected', 'reopened', 'cancelled')),
  version       integer not null,     -- its newest event's seq: who changes it says which one they saw
  head          bytea not null,       -- that event's hash
  assignee      integer references smartpark.person,
  terms         jsonb not null,       -- of the SLA policy, as stamped (domain/sla.py)
  appointment   timestamptz,          -- that the tenant chose
  waiting_for   text,                 -- reason, while waiting
  verify_s      double precision,     -- its point is to be normal for so long after done; null: a person decides
  verified      text not null check (verified in ('open', 'pending', 'sensor', 'person', 'failed')),
  proof         text check (proof in ('nfc', 'code', 'access', 'geofence', 'claimed')),  -- how on site was shown, last
  occurrences   integer not null default 1,  -- its cause came back so many times less one
  reopenings    integer not null default 0,
  created       timestamptz not null,
  acknowledged  timestamptz,          -- effective times of the first of each
  responded     timestamptz,
  done          timestamptz,          -- the last
  closed        timestamptz,
  returned      timestamptz           -- its alarms were over by themselves then, before anybody took it
);
create unique index work_order_one on smartpark.work_order (park_id, cause)
  where state not in ('closed', 'rejected', 'cancelled');
create index work_order_open on smartpark.work_order (park_id) where state not in ('closed', 'rejected', 'cancelled');
create index work_order_created on smartpark.work_order (park_id, created desc);
create index work_order_assignee on smartpark.work_order (assignee) where state not in ('closed', 'rejected', 'cancelled');
create index work_order_alarm on smartpark.work_order (alarm) where alarm is not null;
create index work_order_cause on smartpark.work_order (park_id, cause, work_order desc);
create index work_order_finished on smartpark.work_order (done) where state in ('done', 'confirmed');
create index work_order_untaken on smartpark.work_order (work_order)
  where alarm is not null and returned is null and state in ('new', 'reopened');
create index work_order_plan on smartpark.work_order (plan) where plan is not null;

-- Each notice of an alarm that is decided for good is looked at once for an order: ordered says when, work_order which.
alter table smartpark.alarm_notice add column ordered timestamptz, add column work_order bigint;
update smartpark.alarm_notice set ordered = decided where decision <> 'due' and look is null;
create index alarm_notice_unordered on smartpark.alarm_notice (notice) where ordered is null and decision <> 'due' and look is null;
create index alarm_notice_order on smartpark.alarm_notice (work_order) where work_order is not null;

create table smartpark.work_order_event (
  event       bigint generated always as identity primary key,
  work_order  bigint not null references smartpark.work_order,
  seq         integer not null,
  client_id   uuid not null unique,   -- made by who asked: the same again changes nothing
  action      text not null,          -- domain/work_order.py lists them
  from_state  text,
  to_state    text not null,
  actor       text not null,          -- `system`, or a login
  person      integer references smartpark.person,
  at          timestamptz not null,   -- park time at which this was written
  happened    timestamptz not null,   -- when it counts: device time corrected, not before the order, not after `at`
  device_time timestamptz,            -- as the phone told it
  offset_s    double precision,       -- server less phone, measured at its last sync
  reason      text,
  detail      jsonb not null default '{}',
  previous    bytea not null,         -- hash of the event before; of the first: 32 zero bytes
  hash        bytea not null,         -- store/chain.py says of what
  unique (work_order, seq)
);
create index work_order_event_at on smartpark.work_order_event (at);
create function smartpark.refuse_order_change() returns trigger language plpgsql as $$
begin
  raise exception 'the events of work orders are append-only';
end $$;
create trigger work_order_event_append_only before update or delete or truncate on smartpark.work_order_event
  for each statement execute function smartpark.refuse_order_change();

-- By what rule an alarm opens an order: the first that fits, by `place`.
create table smartpark.order_rule (
  park_id    text not null references smartpark.park,
  place      integer not null,
  rule_ids   text[],               -- of alarm rules; null: any
  families   text[],
  types      text[],
  priorities text[],               -- of the alarm
  opens      boolean not null,     -- false: these alarms need no order
  service    text,
  skill      text,
  priority   text check (priority in ('P1', 'P2', 'P3', 'P4')),  -- null: by the alarm's
  contractor_id text,              -- who answers for it, where the park itself does not
  verify_s   double precision check (verify_s > 0),  -- null: a person decides whether it is over
  again_s    double precision not null default 0 check (again_s >= 0),  -- closed no longer ago, its order is re-opened
  primary key (park_id, place),
  foreign key (park_id, contractor_id) references smartpark.contractor,
  check (not opens or (service is not null and skill is not null))
);

-- Work that comes by calendar, meter hours or cycles, and inspections that the law asks for.
create table smartpark.maintenance_plan (
  plan         bigint generated always as identity primary key,
  park_id      text not null references smartpark.park,
  plan_id      text not null,
  kind         text not null check (kind in ('planned', 'inspection', 'round')),
  name_zh      text not null,
  name_en      text not null,
  service      text not null,
  skill        text not null,
  priority     text not null check (priority in ('P1', 'P2', 'P3', 'P4')),
  space_id     text,
  device       integer references smartpark.device,
  every_days   integer check (every_days > 0),          -- by calendar
  at_times     text[],                                  -- of each such day, park time, HH:MM
  point        integer references smartpark.point,      -- by a counter: hours or cycles
  every_count  double precision check (every_count > 0),
  counted      double precision,                        -- the counter when it was last due, or first looked at
  starts       date not null,
  since        timestamptz not null,                    -- when it was made: nothing was due before
  lead_days    integer not null default 0 check (lead_days >= 0),  -- an order opens so long before it is due
  expires      date,                                    -- last day of the certificate that stands now
  contractor_id text,                                   -- who does it, where the park itself does not
  retired      boolean not null default false,
  unique (park_id, plan_id),
  foreign key (park_id, contractor_id) references smartpark.contractor,
  check (num_nonnulls(every_days, every_count, expires) = 1),
  check ((every_count is null) = (point is null))
);
create table smartpark.plan_slot (
  plan       bigint not null references smartpark.maintenance_plan,
  due        timestamptz not null,
  count      double precision,                          -- of the counter when it became due
  opens      timestamptz not null,                      -- when its order is opened
  work_order bigint references smartpark.work_order,
  primary key (plan, due)
);
create index plan_slot_opens on smartpark.plan_slot (opens) where work_order is null;

-- Technicians who agreed to it: their badge's pseudonym on each service day to come (04:00 to 04:00), so that a gate shows
-- that they went in where their order is. The credential is never stored; days that are over are deleted.
create table smartpark.badge_day (
  person  integer not null references smartpark.person,
  day     date not null,
  subject text not null,
  primary key (person, day)
);
create index badge_day_subject on smartpark.badge_day (subject);

create table smartpark.photo (
  photo      bytea primary key,       -- sha256 of its bytes
  park_id    text not null references smartpark.park,
  media_type text not null check (media_type in ('image/jpeg', 'image/png', 'image/webp')),
  bytes      bytea not null,
  size       integer not null,
  added      timestamptz not null,
  added_by   text not null
);
-- Photos belong to requests and orders, and stay with both when one becomes the other.
create table smartpark.photo_link (
  photo      bytea not null references smartpark.photo,
  subject    text not null check (subject in ('request', 'order')),
  number     bigint not null,
  what       text not null check (what in ('report', 'before', 'after', 'quote', 'other')),
  at         timestamptz not null,
  actor      text not null,
  primary key (subject, number, photo)
);

-- People open orders and change them through the API: what an order is about and when it was made is not theirs to
-- change, and an event is only ever added.
grant select, insert, update (state, version, head, assignee, priority, terms, appointment, waiting_for, verified, proof,
  occurrences, reopenings, acknowledged, responded, done, closed, alarm, returned, contractor_id) on smartpark.work_order to park_operator;
grant select, insert on smartpark.work_order_event to park_operator;
