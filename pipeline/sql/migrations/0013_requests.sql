-- What people ask for: a catalogue, requests with their progress and their ratings, appeals, rooms, quotes.

create table smartpark.service (
  park_id    text not null references smartpark.park,
  service_id text not null,
  category   text not null check (category in ('repair', 'cleaning', 'security', 'network', 'move-in', 'waste', 'feedback',
               'appeal', 'enterprise')),
  place      integer not null,        -- in the list
  name_zh    text not null,
  name_en    text not null,
  hint_zh    text,
  hint_en    text,
  skill      text,                    -- null: it opens no work order by itself
  priority   text not null check (priority in ('P1', 'P2', 'P3', 'P4')),
  department text,                    -- who answers for it (appeals, enterprise services)
  paid       boolean not null default false,   -- quoted and accepted before work
  days       integer check (days > 0),  -- an outcome is due within so many working days (appeals, enterprise)
  visitors   boolean not null default false,   -- may be asked for by who scans a code, without sign-in
  contractor_id text,                 -- who does it, where the park itself does not
  retired    boolean not null default false,
  primary key (park_id, service_id),
  foreign key (park_id, contractor_id) references smartpark.contractor
);

create table smartpark.service_request (
  request    bigint generated always as identity primary key,
  park_id    text not null references smartpark.park,
  client_id  uuid not null unique,    -- made by the phone: sent twice is one
  service_id text not null,
  category   text not null,
  company_id text,                    -- tenant; null: a visitor by QR code, or staff
  person     integer references smartpark.person,
  channel    text not null check (channel in ('online', 'phone', 'desk', 'chat')),
  entered_by text not null,
  contact    text,                    -- how to reach who asked, where they are not a person here; the engine deletes it
  space_id   text,
  device     integer references smartpark.device,
  words      text not null,
  state      text not null check (state in ('received', 'quoted', 'accepted', 'in_progress', 'answered', 'confirmed',
               'closed', 'declined', 'cancelled')),
  version    integer not null default 1,
  department text,
  due        timestamptz,             -- the supervised deadline, where the service has one
  supervised boolean not null default false,  -- 督办: past due or by a supervisor's word
  outcome    text,
  appointment timestamptz,
  work_order bigint references smartpark.work_order,
  created    timestamptz not null,
  answered   timestamptz,
  closed     timestamptz,
  foreign key (park_id, service_id) references smartpark.service
);
create index service_request_created on smartpark.service_request (park_id, created desc);
create index service_request_company on smartpark.service_request (company_id, created desc);
create index service_request_order on smartpark.service_request (work_order) where work_order is not null;
create index service_request_due on smartpark.service_request (due)
  where due is not null and not supervised and state in ('received', 'quoted', 'accepted', 'in_progress');
create index service_request_answered on smartpark.service_request (answered)
  where state in ('answered', 'confirmed') and work_order is null;
create index service_request_contact on smartpark.service_request (closed) where contact is not null;
alter table smartpark.work_order add foreign key (request) references smartpark.service_request;
alter table smartpark.work_order add foreign key (plan) references smartpark.maintenance_plan;

create table smartpark.request_event (
  entry      bigint generated always as identity primary key,
  request    bigint not null references smartpark.service_request,
  client_id  uuid unique,
  at         timestamptz not null,
  actor      text not null,
  action     text not null check (action in ('create', 'transfer', 'supervise', 'quote', 'accept-quote', 'decline-quote',
               'expire-quote', 'start', 'answer', 'confirm', 'reopen', 'close', 'decline', 'cancel', 'comment', 'rate',
               'appoint')),
  from_state text,
  to_state   text not null,
  reason     text,
  detail     jsonb not null default '{}'
);
create index request_event_request on smartpark.request_event (request, entry);
create trigger request_event_append_only before update or delete or truncate on smartpark.request_event
  for each statement execute function smartpark.refuse_order_change();

create table smartpark.quote (
  quote    bigint generated always as identity primary key,
  request  bigint not null references smartpark.service_request,
  amount   numeric(12, 2) not null check (amount >= 0),   -- CNY
  words    text not null,
  made_by  text not null,
  made     timestamptz not null,
  valid_until timestamptz not null,
  answer   text check (answer in ('accepted', 'declined', 'withdrawn', 'expired')),
  answered timestamptz,
  answered_by text
);
create unique index quote_one on smartpark.quote (request) where answer is null;
create index quote_until on smartpark.quote (valid_until) where answer is null;

-- Only tenants rate; once an order or request, for good.
create table smartpark.rating (
  request    bigint primary key references smartpark.service_request,
  work_order bigint references smartpark.work_order,
  company_id text not null,
  stars      smallint not null check (stars between 1 and 5),
  words      text,
  at         timestamptz not null,
  actor      text not null
);
create index rating_at on smartpark.rating (at);

-- The periodic survey among enterprises, apart from ratings of orders.
create table smartpark.survey (
  survey   integer generated always as identity primary key,
  park_id  text not null references smartpark.park,
  name_zh  text not null,
  name_en  text not null,
  opens    timestamptz not null,
  closes   timestamptz not null,
  made_by  text not null,
  check (opens < closes)
);
create table smartpark.survey_answer (
  survey     integer not null references smartpark.survey,
  company_id text not null,
  stars      smallint not null check (stars between 1 and 5),
  words      text,
  at         timestamptz not null,
  actor      text not null,
  primary key (survey, company_id)
);

create table smartpark.room (
  park_id  text not null,
  room_id  text not null,
  space_id text not null,
  name_zh  text not null,
  name_en  text not null,
  seats    integer not null,
  point    integer references smartpark.point,   -- tells whether somebody is there
  opens    text not null default '08:00',  -- park time, of each day
  closes   text not null default '22:00',
  retired  boolean not null default false,
  number   integer generated always as identity unique,
  primary key (park_id, room_id)
);
create table smartpark.booking (
  booking    bigint generated always as identity primary key,
  client_id  uuid not null unique,
  room       integer not null references smartpark.room (number),
  company_id text,
  person     integer references smartpark.person,
  during     tstzrange not null check (not isempty(during) and lower_inc(during) and not upper_inc(during)),
  subject    text not null,
  made       timestamptz not null,
  made_by    text not null,
  ended      timestamptz,
  ended_by   text,
  ended_why  text check (ended_why in ('cancelled', 'no-show')),
  check ((ended is null) = (ended_why is null)),
  -- a range of one number stands for equality, so that no extension is needed
  exclude using gist (int4range(room, room, '[]') with &&, during with &&) where (ended is null)
);
create index booking_during on smartpark.booking using gist (during);

-- What a QR code on a door or a machine stands for.
create table smartpark.place_code (
  code     text primary key,          -- 10 characters, no look-alikes; says nothing of the place
  park_id  text not null references smartpark.park,
  space_id text,
  device   integer references smartpark.device,
  made     timestamptz not null,
  revoked  timestamptz,
  check ((space_id is null) <> (device is null))
);
create unique index place_code_space on smartpark.place_code (park_id, space_id) where revoked is null and device is null;
create unique index place_code_device on smartpark.place_code (device) where revoked is null and device is not null;

-- Who reports or sends photos without sign-in is limited by where it comes from; the engine deletes what is a day old.
create table smartpark.visitor_try (
  source text not null,
  what   text not null check (what in ('request', 'photo')),
  at     timestamptz not null
);
create index visitor_try_source on smartpark.visitor_try (source, at);
create index visitor_try_at on smartpark.visitor_try (at);

-- People ask, answer, quote, rate and book through the API. What was said stays: who asked, for what, when.
grant select on smartpark.company, smartpark.calendar_day, smartpark.service, smartpark.room, smartpark.place_code
  to park_operator;
grant select, insert, update (state, version, department, supervised, outcome, appointment, work_order, answered, closed)
  on smartpark.service_request to park_operator;
grant select, insert on smartpark.request_event, smartpark.rating, smartpark.survey, smartpark.survey_answer,
  smartpark.visitor_try to park_operator;
grant select, insert, update (answer, answered, answered_by) on smartpark.quote to park_operator;
grant select, insert, update (ended, ended_by, ended_why) on smartpark.booking to park_operator;
grant select (photo, park_id, media_type, size, added, added_by), insert, update (added) on smartpark.photo to park_operator;
grant select, insert on smartpark.photo_link to park_operator;
