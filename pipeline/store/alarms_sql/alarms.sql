-- name: alarms_of_watches
-- Per watch: its rule's terms, the open alarm or else the newest closed one that may re-open, and what holds it. Locked.
select w.watch, w.rule, r.version, r.park_id, w.point, w.device, w.space_id, v.priority, v.position, v.life_safety,
       v.latched, v.maintenance, v.reopen_s, v.late_limit_s, h.hold, a.alarm, a.state, a.active, a.acknowledged, a.latches,
       a.hold as held, a.closed, a.returned, a.raised, a.annunciated, a.occurrences
  from unnest(%(watches)s::int[]) as t (watch)
  join smartpark.alarm_watch w using (watch)
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
  left join lateral (
    select o.alarm, o.state, o.active, o.acknowledged, o.latches, o.hold, o.closed, o.returned, o.raised, o.annunciated,
           o.occurrences
      from smartpark.alarm o
     where o.watch = w.watch and not o.historic and (o.closed is null or o.closed > %(long_ago)s)
     order by o.closed desc nulls first limit 1
  ) a on true
  left join lateral (
    select h.kind as hold from smartpark.alarm_hold h
     where (h.watch = w.watch or h.device = w.device) and h.ended is null
       and (h.until is null or h.until > %(now)s)
     order by array_position(array['out-of-service', 'suppressed', 'shelved'], h.kind) limit 1
  ) h on true
 order by w.watch;

-- name: lock_alarms
-- Locks what `alarms_of_watches` finds, in order, so that nobody changes it meanwhile: what may re-open like what is open.
select a.alarm from smartpark.alarm a
 where a.alarm in (
   select n.alarm
     from unnest(%(watches)s::int[]) as t (watch)
     join lateral (
       select o.alarm from smartpark.alarm o
        where o.watch = t.watch and not o.historic and (o.closed is null or o.closed > %(long_ago)s)
        order by o.closed desc nulls first limit 1
     ) n on true)
 order by a.watch, a.alarm for update;

-- name: add_alarms
-- New alarms; one that somebody else raised meanwhile stays as it is.
insert into smartpark.alarm
  (watch, rule, version, park_id, point, device, space_id, priority, position, life_safety, latches, maintenance, state,
   active, acknowledged, hold, began, raised, received, annunciated, returned, closed, historic, value, reason)
select t.watch, t.rule, t.version, t.park_id, t.point, t.device, t.space_id, t.priority, t.position, t.life_safety,
       t.latches, t.maintenance, t.state, t.active, t.acknowledged, t.hold, t.began, t.raised, t.received, %(now)s,
       t.returned, t.closed, t.historic, t.value, t.reason
  from jsonb_to_recordset(%(rows)s::jsonb) as t (watch int, rule int, version int, park_id text, point int, device int,
         space_id text, priority text, position text, life_safety boolean, latches boolean, maintenance boolean,
         state text, active boolean, acknowledged boolean, hold text, began timestamptz, raised timestamptz,
         received timestamptz, returned timestamptz, closed timestamptz, historic boolean, value float8, reason jsonb)
 order by t.watch
on conflict (watch) where closed is null do nothing
returning alarm, watch, raised, historic, state;

-- name: reopen_alarms
-- Alarms whose condition is back: to be seen again, under the rule's terms of now.
update smartpark.alarm a
   set state = t.state, active = true, acknowledged = false, hold = t.hold, closed = null, returned = null,
       seen_at = null, seen_by = null, raised = t.raised, received = t.received, annunciated = %(now)s, value = t.value,
       reason = t.reason, version = t.version, priority = t.priority, position = t.position, latches = t.latches,
       life_safety = t.life_safety, maintenance = t.maintenance, occurrences = a.occurrences + 1
  from jsonb_to_recordset(%(rows)s::jsonb) as t (alarm bigint, state text, hold text, raised timestamptz,
         received timestamptz, value float8, reason jsonb, version int, priority text, position text, latches boolean,
         life_safety boolean, maintenance boolean)
 where a.alarm = t.alarm;

-- name: alarms_around
-- For each past run: the alarm of its watch that tells of that time already, one that was seen at that time before others.
select t.n, a.alarm, a.historic, a.began, a.raised, a.returned
  from jsonb_to_recordset(%(rows)s::jsonb) as t (n int, watch int, began timestamptz, until timestamptz, apart_s float8)
  join lateral (
    select o.alarm, o.historic, o.began, o.raised, o.returned from smartpark.alarm o
     where o.watch = t.watch and o.began <= t.until + make_interval(secs => t.apart_s)
       and coalesce(o.returned, o.closed, 'infinity') >= t.began - make_interval(secs => t.apart_s)
     order by o.historic, o.began limit 1
  ) a on true;

-- name: lengthen_alarms
-- Historic alarms that were longer than known.
update smartpark.alarm a set began = t.began, raised = t.raised, returned = t.returned
  from jsonb_to_recordset(%(rows)s::jsonb)
       as t (alarm bigint, began timestamptz, raised timestamptz, returned timestamptz)
 where a.alarm = t.alarm and a.historic;

-- name: end_historic
-- What was recorded as historic while it still stood is over.
update smartpark.alarm a set returned = greatest(t.at, a.raised)
  from jsonb_to_recordset(%(rows)s::jsonb) as t (watch int, at timestamptz)
 where a.watch = t.watch and a.historic and a.returned is null;

-- name: change_alarms
-- Where alarms stand now.
update smartpark.alarm a
   set state = t.state, active = t.active, acknowledged = t.acknowledged, hold = t.hold, closed = t.closed,
       returned = coalesce(t.returned, a.returned), historic = a.historic or coalesce(t.historic, false),
       seen_at = case when t.acknowledged then coalesce(t.seen_at, a.seen_at) end,
       seen_by = case when t.acknowledged then coalesce(t.seen_by, a.seen_by) end,
       annunciated = coalesce(t.annunciated, a.annunciated)
  from jsonb_to_recordset(%(rows)s::jsonb) as t (alarm bigint, state text, active boolean, acknowledged boolean,
         hold text, closed timestamptz, returned timestamptz, historic boolean, seen_at timestamptz, seen_by text,
         annunciated timestamptz)
 where a.alarm = t.alarm;

-- name: write_journal
-- What happened to alarms.
insert into smartpark.alarm_journal (alarm, at, event_time, received, actor, action, from_state, to_state, reason, detail)
select alarm, %(now)s, event_time, received, %(actor)s, action, from_state, to_state, reason, detail
  from jsonb_to_recordset(%(rows)s::jsonb) as t (alarm bigint, event_time timestamptz, received timestamptz,
         action text, from_state text, to_state text, reason text, detail jsonb);

-- name: add_notices
-- Alarms that people may have to be told of: decided when the engine looks.
insert into smartpark.alarm_notice (alarm, at, look, decision, reason)
select alarm, %(now)s, look, 'due', reason
  from unnest(%(alarms)s::bigint[], %(looks)s::timestamptz[], %(reasons)s::text[]) as t (alarm, look, reason);
