-- name: to_verify
-- Orders that are done and have something to be verified by, with each of their alarms and what its point says now.
select o.work_order, o.version, o.done, o.verify_s, o.verified, t.alarm, a.active, a.raised, a.returned, v.off_delay_s, c.phase,
       c.since, a.point, d.device_id, p.name as point_name, p.unit, coalesce(p.interval_s, d.interval_s) as interval_s, l.ts,
       l.value, l.quality, case when a.point is null then s.heard end as heard
  from smartpark.work_order o
  cross join lateral (select o.alarm where o.alarm is not null union
                      select n.alarm from smartpark.alarm_notice n where n.work_order = o.work_order) t
  join smartpark.alarm a on a.alarm = t.alarm
  join smartpark.alarm_rule_version v on v.rule = a.rule and v.version = a.version
  left join smartpark.alarm_condition c on c.watch = a.watch
  left join smartpark.point p on p.point = a.point
  left join smartpark.device d on d.device = a.device
  left join smartpark.latest l on l.point = a.point
  left join smartpark.device_state s on s.device = a.device
 where o.state = 'done' and o.verify_s is not null
 order by o.work_order, t.alarm;

-- name: steady_since
-- Since when a point's readings have been good without a gap: the last that broke it, and what came up to now.
with r as (
  select ts, quality, lag(ts) over (order by ts) as before
    from smartpark.reading where point = %(point)s and ts >= %(since)s and ts <= %(upto)s
)
select greatest(max(ts) filter (where before is null or ts - before > make_interval(secs => %(gap_s)s)),
                max(ts) filter (where quality <> %(good)s)) as since
  from r;

-- name: to_close
-- Orders that are confirmed, and those that nobody has said anything of for as many days as their terms give.
select o.work_order, o.version, o.state, o.verified, (o.terms ->> 'confirm_days')::double precision as days
  from smartpark.work_order o
 where o.state = 'confirmed'
    or (o.state = 'done' and o.verify_s is null
        and o.done <= %(now)s::timestamptz - make_interval(secs => (o.terms ->> 'confirm_days')::double precision * 86400)
        and not exists (select from smartpark.work_order_event e
                         where e.work_order = o.work_order and e.action in ('finish', 'comment', 'photo')
                           and e.at > %(now)s::timestamptz - make_interval(secs => (o.terms ->> 'confirm_days')::double precision * 86400)))
 order by o.work_order limit %(bite)s;
