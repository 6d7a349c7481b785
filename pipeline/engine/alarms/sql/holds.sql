-- name: time_suppressions
-- A suppression lasts while the alarm that explains it is active, and a little longer: what is behind a gateway that is
-- back must be given the time to speak.
with due as (
  select h.hold, case when not p.active then coalesce(p.returned, p.closed, %(now)s)
                   + greatest(%(intervals)s * coalesce(d.interval_s, 0) * interval '1 second', %(shortest)s) end as until
    from smartpark.alarm_hold h
    join smartpark.alarm p on p.alarm = h.parent
    join smartpark.alarm_watch w on w.watch = h.watch
    left join smartpark.device d on d.device = w.device
   where h.kind = 'suppressed' and h.ended is null
)
update smartpark.alarm_hold h set until = due.until
  from due where h.hold = due.hold and h.until is distinct from due.until;

-- name: over_holds
-- Holds whose time is over; not locked: alarms come first.
select hold from smartpark.alarm_hold
 where ended is null and until <= %(now)s
 order by hold limit %(bite)s;

-- name: unsettled_watches
-- Watches whose open alarm says something else than the holds that last on it; what is life safety by now has none.
select a.watch
  from smartpark.alarm a
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
  left join lateral (
    select o.kind from smartpark.alarm_hold o
     where (o.watch = a.watch or o.device = a.device) and o.ended is null and (o.until is null or o.until > %(now)s)
       and not v.life_safety
     order by array_position(array['out-of-service', 'suppressed', 'shelved'], o.kind) limit 1
  ) h on true
 where a.closed is null and not a.life_safety and a.hold is distinct from h.kind
 order by a.watch limit %(bite)s;
