-- Alarms: rules and their versions, what each rule watches, what is not normal, alarms, and the journal of all that
-- happened to them. Rules are judged in ingest's transaction where one reading or event decides, else by the engine.

-- When ingest moves a point's newest reading forward, it keeps where that stood: older readings of the same batch are late.
alter table smartpark.latest add column before timestamptz;
grant update (before) on smartpark.latest to park_writer;

create table smartpark.alarm_rule (
  rule     integer generated always as identity primary key,
  park_id  text not null,
  rule_id  text not null,
  version  integer not null,      -- the one in force
  origin   text not null check (origin in ('park-file', 'api')),
  retired  boolean not null default false,
  unique (park_id, rule_id)
);

-- Never changed: an alarm names the version that raised it.
create table smartpark.alarm_rule_version (
  rule        integer not null references smartpark.alarm_rule,
  version     integer not null,
  at          timestamptz not null,
  actor       text not null,
  kind        text not null check (kind in ('limits', 'state', 'door', 'count', 'no-data', 'flat', 'rate', 'compare',
                'deviation', 'schedule', 'clock')),
  enabled     boolean not null,
  priority    text not null check (priority in ('critical', 'high', 'medium', 'low')),
  life_safety boolean not null,
  latched     boolean not null,
  maintenance boolean not null,
  position    text not null,
  name_zh     text not null,
  name_en     text not null,
  on_delay_s  double precision not null check (on_delay_s >= 0),
  off_delay_s double precision not null check (off_delay_s >= 0),
  reopen_s    double precision not null check (reopen_s >= 0),
  late_limit_s double precision,
  respond_s   double precision not null check (respond_s > 0),
  chatter_raises integer not null check (chatter_raises >= 2),
  chatter_s   double precision not null check (chatter_s > 0),
  spec        jsonb not null,     -- the whole rule: selector, condition, cause, consequence, response
  primary key (rule, version)
);

-- One row a rule and subject; never removed, so that an alarm's subject stays known.
create table smartpark.alarm_watch (
  watch    integer generated always as identity primary key,
  rule     integer not null references smartpark.alarm_rule,
  point    integer,               -- subject kind point: its point and device; device: no point; space: neither
  device   integer,
  space_id text,
  other    integer,               -- the point that it is compared with
  retired  boolean not null default false,
  unique nulls not distinct (rule, point, device, space_id)
);
create index alarm_watch_point on smartpark.alarm_watch (point);
create index alarm_watch_device on smartpark.alarm_watch (device);

-- What is not normal, or was once: one row a watch. The lock on a point's newest reading (a device's state row for
-- events) keeps two collectors apart; the engine locks the row itself.
create table smartpark.alarm_condition (
  watch    integer primary key references smartpark.alarm_watch,
  phase    text not null check (phase in ('normal', 'pending', 'active', 'clearing')),
  began    timestamptz not null,  -- event time of the first reading of this spell
  since    timestamptz not null,  -- event time from which this phase lasts
  deadline timestamptz,           -- on the park's clock: pending becomes active then, clearing becomes normal
  value    double precision,      -- that began the spell
  received timestamptz not null,  -- of what began the phase
  upto     timestamptz            -- event time up to which a window was judged; other kinds have none
) with (fillfactor = 70);
create index alarm_condition_standing on smartpark.alarm_condition (watch) where phase <> 'normal';
create index alarm_condition_due on smartpark.alarm_condition (deadline) where phase in ('pending', 'clearing');

create table smartpark.incident (
  incident bigint generated always as identity primary key,
  park_id  text not null,
  cause    text not null check (cause in ('gateway', 'device', 'space', 'rule')),
  device   integer,
  space_id text,
  rule     integer,               -- cause rule: the same rule at many devices of a type (a firmware, a plant)
  root     bigint,                -- the alarm that explains the others, where one does
  opened   timestamptz not null,  -- event time of its first alarm
  last     timestamptz not null,  -- event time of its newest alarm
  alarms   integer not null,
  closed   timestamptz
);
create index incident_open on smartpark.incident (park_id) where closed is null;

create table smartpark.alarm (
  alarm        bigint generated always as identity primary key,
  watch        integer not null references smartpark.alarm_watch,
  rule         integer not null,
  version      integer not null,
  park_id      text not null,
  point        integer,
  device       integer,
  space_id     text,
  priority     text not null check (priority in ('critical', 'high', 'medium', 'low')),
  position     text not null,
  life_safety  boolean not null,
  latches      boolean not null,
  maintenance  boolean not null,
  state        text not null check (state in ('normal', 'unacknowledged', 'acknowledged', 'returned-unacknowledged',
                 'latched-unacknowledged', 'latched-acknowledged', 'shelved', 'suppressed', 'out-of-service')),
  active       boolean not null,
  acknowledged boolean not null,
  hold         text check (hold in ('shelved', 'suppressed', 'out-of-service')),
  began        timestamptz not null,  -- event time at which the condition began
  raised       timestamptz not null,  -- event time at which it became an alarm, the last time
  received     timestamptz not null,  -- when that was received
  annunciated  timestamptz not null,  -- park time at which it was last put before people
  returned     timestamptz,           -- event time
  seen_at      timestamptz,           -- acknowledged, by whom
  seen_by      text,
  closed       timestamptz,           -- park time
  historic     boolean not null default false,  -- recorded after the fact, pages nobody
  occurrences  integer not null default 1,      -- raised so many times, re-openings included
  chattering   boolean not null default false,
  value        double precision,
  reason       jsonb not null,        -- why: {"kind", and what that kind compares}; screens put it in words
  incident     bigint references smartpark.incident
) with (fillfactor = 70);
create unique index alarm_one on smartpark.alarm (watch) where closed is null;
create index alarm_open on smartpark.alarm (park_id) where closed is null;
create index alarm_raised on smartpark.alarm (park_id, raised desc);
create index alarm_incident on smartpark.alarm (incident) where incident is not null;
create index alarm_chattering on smartpark.alarm (watch) where chattering;
create index alarm_watch_closed on smartpark.alarm (watch, closed desc);

create table smartpark.alarm_journal (
  entry      bigint generated always as identity primary key,
  alarm      bigint not null references smartpark.alarm,
  at         timestamptz not null,    -- park time at which this was written
  event_time timestamptz not null,    -- when it happened, by device time where a device told
  received   timestamptz,             -- of the message that told
  actor      text not null,           -- `system`, or who did it
  action     text not null check (action in ('raise', 'reopen', 'return', 'acknowledge', 'reset', 'hold', 'release',
               'withdraw', 'record', 'comment')),
  from_state text,
  to_state   text not null,
  reason     text,                    -- a person's words, or why
  detail     jsonb
);
create index alarm_journal_alarm on smartpark.alarm_journal (alarm, entry);
create index alarm_journal_at on smartpark.alarm_journal (at);
create function smartpark.refuse_alarm_change() returns trigger language plpgsql as $$
begin
  raise exception 'the alarm journal is append-only';
end $$;
create trigger alarm_journal_append_only before update or delete or truncate on smartpark.alarm_journal
  for each statement execute function smartpark.refuse_alarm_change();

-- What keeps alarms from people: a shelf (of one watch, until), suppression by design (of one watch, while its parent
-- stands), out of service (of a watch or a whole device, with an owner).
create table smartpark.alarm_hold (
  hold     bigint generated always as identity primary key,
  kind     text not null check (kind in ('shelved', 'suppressed', 'out-of-service')),
  park_id  text not null,
  watch    integer references smartpark.alarm_watch,
  device   integer references smartpark.device,
  parent   bigint references smartpark.alarm,  -- suppressed: by which alarm
  reason   text not null,
  owner    text not null,
  set_by   text not null,
  set_at   timestamptz not null,
  until    timestamptz,
  ended    timestamptz,
  ended_by text,
  check ((watch is null) <> (device is null)),
  check (kind <> 'shelved' or (watch is not null and until is not null))
);
create unique index alarm_hold_one on smartpark.alarm_hold (kind, watch, device) nulls not distinct where ended is null;
create index alarm_hold_until on smartpark.alarm_hold (until) where ended is null;
create index alarm_hold_watch on smartpark.alarm_hold (watch) where ended is null;
create index alarm_hold_device on smartpark.alarm_hold (device) where ended is null;

-- Planned work: looked at when a notification would go out; it ends by itself.
create table smartpark.maintenance_window (
  maintenance bigint generated always as identity primary key,
  park_id     text not null,
  device      integer references smartpark.device,
  space_id    text,               -- and everything below; neither device nor space: the whole park
  starts      timestamptz not null,
  ends        timestamptz not null check (ends > starts),
  reason      text not null,
  set_by      text not null,
  set_at      timestamptz not null,
  cancelled   timestamptz
);

-- Whether people are told of an alarm, and why (not). Sending is another table's business.
create table smartpark.alarm_notice (
  notice   bigint generated always as identity primary key,
  alarm    bigint not null references smartpark.alarm,
  at       timestamptz not null,  -- park time at which it became due
  look     timestamptz,           -- decided again then; null: decided for good
  decision text not null check (decision in ('due', 'page', 'withheld')),
  reason   text not null,
  decided  timestamptz
);
create index alarm_notice_look on smartpark.alarm_notice (look) where look is not null;
create index alarm_notice_alarm on smartpark.alarm_notice (alarm);

-- More than 10 alarms in 10 minutes at one operator position; over below 5.
create table smartpark.alarm_flood (
  flood    bigint generated always as identity primary key,
  park_id  text not null,
  position text not null,
  started  timestamptz not null,
  ended    timestamptz,
  alarms   integer not null
);
create unique index alarm_flood_one on smartpark.alarm_flood (park_id, position) where ended is null;

create table smartpark.calendar_day (
  park_id text not null,
  day     date not null,
  kind    text not null check (kind in ('working', 'day-off', 'holiday', 'make-up')),
  name    text,
  source  text not null,
  primary key (park_id, day)
);

-- What a point usually does: quarter-hour means by hour and kind of day, robust.
create table smartpark.usual (
  point  integer not null,
  days   text not null check (days in ('working', 'free')),
  hour   smallint not null check (hour between 0 and 23),
  median double precision not null,
  spread double precision not null,   -- 1.4826 × median absolute deviation
  n      integer not null,            -- days
  made   timestamptz not null,
  primary key (point, days, hour)
);

-- Ingest raises and returns; what people decide is not for it.
grant select on smartpark.alarm_rule, smartpark.alarm_rule_version, smartpark.alarm_watch, smartpark.alarm_hold
  to park_writer;
grant select, insert, update on smartpark.alarm_condition, smartpark.alarm to park_writer;
grant insert on smartpark.alarm_journal, smartpark.alarm_notice to park_writer;
grant select (ts, received, device, kind, code) on smartpark.access_event to park_writer;
grant select (park_id, space_id, parent_id) on smartpark.space to park_writer;

-- People act through the API: they acknowledge, hold, plan and write rules; they read what the views show.
do $$
begin
  if not exists (select from pg_roles where rolname = 'park_operator') then create role park_operator nologin; end if;
exception when duplicate_object or unique_violation then null;  -- another database of this server was faster
end $$;
grant usage on schema smartpark to park_operator;
-- Who and what there is, to act on and to name.
grant select on smartpark.park, smartpark.device, smartpark.point, smartpark.space to park_operator;
-- Where an alarm stands is theirs to change; when it was, what it is about and its rule's terms are not.
grant select, update (state, active, acknowledged, hold, closed, returned, historic, seen_at, seen_by, annunciated)
  on smartpark.alarm to park_operator;
grant select, insert on smartpark.alarm_journal to park_operator;
grant insert on smartpark.alarm_notice, smartpark.audit_log to park_operator;
grant select, insert, update (parent, reason, owner, set_by, set_at, until, ended, ended_by)
  on smartpark.alarm_hold to park_operator;
grant select, insert, update (cancelled) on smartpark.maintenance_window to park_operator;
-- A rule gets a new version, never another text; a watch is retired, never another subject's.
grant select, insert, update (version, origin, retired) on smartpark.alarm_rule to park_operator;
grant select, insert on smartpark.alarm_rule_version to park_operator;
grant select, insert, update (other, retired) on smartpark.alarm_watch to park_operator;
