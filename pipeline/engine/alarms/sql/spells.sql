-- name: due_conditions
-- Conditions whose delay has run out, with what their alarm would say; locked in order of their watches, but for those
-- that a collector is judging just now.
select c.watch, c.phase, c.began, c.since, c.deadline, c.value, c.received, v.kind, v.spec, v.on_delay_s, v.off_delay_s,
       p.unit, s.heard, s.reason as said, k.fault
  from smartpark.alarm_condition c
  join smartpark.alarm_watch w using (watch)
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
  left join smartpark.point p on p.point = w.point
  left join smartpark.device_state s on s.device = w.device
  left join smartpark.device_clock k on k.device = w.device and k.ended is null
 where c.phase in ('pending', 'clearing') and c.deadline <= %(now)s
   and v.enabled and not r.retired and not w.retired
   -- windows.py ends the delays of these itself: it knows why
   and v.kind not in ('flat', 'rate', 'compare', 'schedule', 'deviation')
 order by c.watch limit %(bite)s for update of c skip locked;

-- name: lock_spells
-- How conditions stand, locked in order of their watches.
select watch, phase, began, since, deadline, value, received
  from smartpark.alarm_condition
 where watch = any (%(watches)s::int[])
 order by watch for update;

-- name: keep_spells
-- How conditions stand now.
insert into smartpark.alarm_condition as c (watch, phase, began, since, deadline, value, received)
select watch, phase, began, since, deadline, value, received
  from jsonb_to_recordset(%(rows)s::jsonb) as t (watch int, phase text, began timestamptz, since timestamptz,
         deadline timestamptz, value float8, received timestamptz)
 order by watch
on conflict (watch) do update
  set phase = excluded.phase, began = excluded.began, since = excluded.since, deadline = excluded.deadline,
      value = excluded.value, received = excluded.received;
