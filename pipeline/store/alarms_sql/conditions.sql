-- name: standing_conditions
-- Which of some watches are not normal, and how they stand; nothing is locked.
select watch, phase, began, since, deadline, value, received
  from smartpark.alarm_condition
 where phase <> 'normal' and watch = any (%(watches)s::int[]);

-- name: add_conditions
-- A row for each watch that has none yet, so that it can be locked.
insert into smartpark.alarm_condition (watch, phase, began, since, received)
select watch, 'normal', %(long_ago)s::timestamptz, %(long_ago)s::timestamptz, %(long_ago)s::timestamptz
  from unnest(%(watches)s::int[]) as t (watch)
 order by watch
on conflict (watch) do nothing;

-- name: lock_conditions
-- How watches stand; locked in their order.
select watch, phase, began, since, deadline, value, received
  from smartpark.alarm_condition
 where watch = any (%(watches)s::int[])
 order by watch for update;

-- name: keep_conditions
-- How watches stand now; they are locked.
update smartpark.alarm_condition c
   set phase = t.phase, began = t.began, since = t.since, deadline = t.deadline, value = t.value, received = t.received
  from jsonb_to_recordset(%(rows)s::jsonb) as t (watch int, phase text, began timestamptz, since timestamptz,
         deadline timestamptz, value float8, received timestamptz)
 where c.watch = t.watch;

-- name: newest_readings
-- Where the newest readings of points stand, where they stood before, and whether this transaction moved them.
select point, ts, before, xmin = pg_current_xact_id()::xid as moved
  from smartpark.latest
 where point = any (%(points)s::int[]);

-- name: readings_around
-- Stored readings of points in spans of time, in order, that say something.
select t.n, r.ts, r.received, r.value
  from unnest(%(ns)s::int[], %(points)s::int[], %(froms)s::timestamptz[], %(untils)s::timestamptz[])
       as t (n, point, lower, upper)
  join smartpark.reading r on r.point = t.point and r.ts between t.lower and t.upper
   and r.ts between %(oldest)s::timestamptz and %(newest)s::timestamptz
 where r.value is not null and r.quality not in (0, 500)
 order by t.n, r.ts;

-- name: events_since
-- Decisions and door states of devices, in order.
select device, ts, received, kind, code
  from smartpark.access_event
 where device = any (%(devices)s::int[]) and ts >= %(since)s and kind in ('decision', 'door') and code is not null
 order by ts;

-- name: watches_of_kinds
-- What rules of some kinds watch that are in force, with the units of points.
select w.watch, r.rule, r.version, r.park_id, w.point, w.device, w.space_id, p.unit
  from smartpark.alarm_watch w
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v using (rule, version)
  left join smartpark.point p using (point)
 where v.kind = any (%(kinds)s::text[]) and v.enabled and not r.retired and not w.retired;

-- name: rule_specs
-- What rules say, in the version in force.
select r.rule, r.rule_id, r.version, v.spec
  from smartpark.alarm_rule r
  join smartpark.alarm_rule_version v using (rule, version)
 where r.rule = any (%(rules)s::int[]);

-- name: devices_of_spaces
-- The devices in spaces and below them.
with recursive below (park_id, root, space_id) as (
  select s.park_id, s.space_id, s.space_id
    from smartpark.space s
    join unnest(%(parks)s::text[], %(spaces)s::text[]) as t (park_id, space_id) using (park_id, space_id)
  union all
  select b.park_id, b.root, s.space_id
    from below b join smartpark.space s on s.park_id = b.park_id and s.parent_id = b.space_id
)
select b.park_id, b.root, d.device
  from below b join smartpark.device d on d.park_id = b.park_id and d.space_id = b.space_id
 order by d.device;
