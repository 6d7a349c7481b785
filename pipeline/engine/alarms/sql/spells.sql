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
