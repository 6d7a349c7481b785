-- What was promised, and where the clocks stand. Terms are stamped onto orders; clocks are derived from order events and
-- calendar rows (domain/sla.py), and these rows can be thrown away and made again.

create table smartpark.business_calendar (
  park_id     text not null references smartpark.park,
  calendar_id text not null,
  version     integer not null,       -- the one in force
  primary key (park_id, calendar_id)
);
-- Never changed: an order names the version it was stamped with.
create table smartpark.business_calendar_version (
  park_id     text not null,
  calendar_id text not null,
  version     integer not null,
  spec        jsonb not null,         -- windows by kind of day, exceptions
  loaded      tstzrange not null,     -- outside it the answer is an error, not a number
  made        timestamptz not null,
  made_by     text not null,
  primary key (park_id, calendar_id, version)
);
create table smartpark.calendar_open (
  park_id     text not null,
  calendar_id text not null,
  version     integer not null,
  during      tstzrange not null,     -- [start, end), never overlapping
  primary key (park_id, calendar_id, version, during),
  foreign key (park_id, calendar_id, version) references smartpark.business_calendar_version
);
create index calendar_open_during on smartpark.calendar_open using gist (during);

create table smartpark.sla_policy (
  park_id text not null references smartpark.park,
  policy_id text not null,
  version integer not null,
  retired boolean not null default false,
  primary key (park_id, policy_id)
);
create table smartpark.sla_policy_version (
  park_id   text not null,
  policy_id text not null,
  version   integer not null,
  spec      jsonb not null,           -- what it is for (service, priority, space, company, contractor), its targets
  made      timestamptz not null,
  made_by   text not null,
  primary key (park_id, policy_id, version)
);

create table smartpark.sla_clock (
  work_order  bigint not null references smartpark.work_order,
  kind        text not null check (kind in ('acknowledge', 'respond', 'restore')),
  state       text not null check (state in ('running', 'paused', 'met', 'missed', 'void')),  -- missed: stopped late
  target_s    double precision,       -- null: an appointment's time is the target
  started     timestamptz not null,
  due         timestamptz,            -- null: paused, or void
  stopped     timestamptz,
  spent_s     double precision,       -- business time up to `stopped`; null while it runs
  wall_s      double precision,       -- the same on the wall
  paused_s    double precision not null default 0,
  breached    timestamptz,            -- the instant at which the target was used up
  provisional boolean not null default false,  -- restore: done, not yet verified
  upto        integer not null,       -- seq of the newest event that it knows
  resumes     timestamptz,            -- paused: when the pause has used up what it may stop
  ladder      double precision[] not null default '{}',  -- percentages that are still to be told, in the order of:
  ladder_at   timestamptz[] not null default '{}',       -- when each is reached unless something happens
  next        timestamptz,            -- the first of these and `resumes`; null: none
  fault       text,                   -- why there is no figure: past the loaded calendar
  primary key (work_order, kind),
  check (cardinality(ladder) = cardinality(ladder_at))
);
create index sla_clock_next on smartpark.sla_clock (next) where next is not null;
create index sla_clock_due on smartpark.sla_clock (due) where state in ('running', 'paused');
create index sla_clock_fault on smartpark.sla_clock (work_order) where fault is not null;

-- What was so, and when: thresholds and breaches as they were told, and corrections of a breach by what came in late.
create table smartpark.sla_event (
  entry      bigint generated always as identity primary key,
  work_order bigint not null,
  kind       text not null check (kind in ('acknowledge', 'respond', 'restore')),
  what       text not null check (what in ('threshold', 'breach', 'revised')),
  percent    double precision,        -- of the target; breach: 100
  at         timestamptz not null,    -- when it was so
  recorded   timestamptz not null,    -- park time at which it was written
  seq        integer not null,        -- of the order's newest event that the clock knew
  detail     jsonb not null default '{}'  -- revised: breach `was` and `became`, null where there is none
);
create index sla_event_order on smartpark.sla_event (work_order, kind, entry);
create unique index sla_event_threshold on smartpark.sla_event (work_order, kind, percent) where what = 'threshold';
create unique index sla_event_breach on smartpark.sla_event (work_order, kind, seq) where what = 'breach';
create trigger sla_event_append_only before update or delete or truncate on smartpark.sla_event
  for each statement execute function smartpark.refuse_order_change();

-- Who opens or changes an order through the API stamps its terms and derives its clocks. The calendars that every park
-- has are made at first use; none of it is changed later but by who owns the schema.
grant select on smartpark.calendar_day, smartpark.sla_policy, smartpark.sla_policy_version to park_operator;
grant select, insert on smartpark.business_calendar, smartpark.business_calendar_version, smartpark.calendar_open
  to park_operator;
grant select, insert, update (state, target_s, due, stopped, spent_s, wall_s, paused_s, breached, provisional, upto,
  resumes, ladder, ladder_at, next, fault) on smartpark.sla_clock to park_operator;
grant select, insert on smartpark.sla_event to park_operator;
