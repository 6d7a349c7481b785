-- name: wrong_clocks
-- Watches of clocks whose device has a fault that their rule names, and that do not say so yet.
select w.watch, v.kind, v.spec, v.on_delay_s, v.off_delay_s, null as unit, k.fault, k.offset_s, k.since
  from smartpark.device_clock k
  join smartpark.alarm_watch w on w.device = k.device and w.point is null and not w.retired
  join smartpark.alarm_rule r on r.rule = w.rule and not r.retired
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version and v.enabled and v.kind = 'clock'
  left join smartpark.alarm_condition c on c.watch = w.watch
 where k.ended is null and (v.spec -> 'faults' = '[]'::jsonb or v.spec -> 'faults' ? k.fault)
   and (c.watch is null or c.phase in ('normal', 'clearing'))
 order by w.watch;

-- name: right_clocks
-- Watches of clocks that say there is a fault, where none that their rule names stands; with when the last one ended.
select w.watch, v.kind, v.spec, v.on_delay_s, v.off_delay_s, null as unit, null as fault, null as offset_s,
       coalesce(max(k.ended), %(now)s) as ended
  from smartpark.alarm_condition c
  join smartpark.alarm_watch w on w.watch = c.watch and not w.retired
  join smartpark.alarm_rule r on r.rule = w.rule and not r.retired
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version and v.enabled and v.kind = 'clock'
  left join smartpark.device_clock k
    on k.device = w.device and (v.spec -> 'faults' = '[]'::jsonb or v.spec -> 'faults' ? k.fault)
 where c.phase in ('pending', 'active')
 group by w.watch, v.rule, v.version
having count(*) filter (where k.since is not null and k.ended is null) = 0
 order by w.watch;
