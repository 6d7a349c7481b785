-- name: watched_for_usual
-- Points whose deviation from the usual is watched, with their park, its zone, and when theirs was made.
select w.point, r.park_id, coalesce(k.time_zone, 'UTC') as zone, max(u.made) as made
  from smartpark.alarm_rule_version v
  join smartpark.alarm_rule r on r.rule = v.rule and r.version = v.version and not r.retired
  join smartpark.alarm_watch w on w.rule = r.rule and w.point is not null and not w.retired
  left join smartpark.park k on k.park_id = r.park_id
  left join smartpark.usual u on u.point = w.point
 where v.enabled and v.kind = 'deviation'
 group by w.point, r.park_id, k.time_zone
 order by w.point;

-- name: make_usual
-- What points usually do: median and robust spread of the means of quarter hours, by class of day and hour of the park.
with means as materialized (
  select r.point, c.day, c.class, extract(hour from r.bucket at time zone %(zone)s)::smallint as hour, r.sum / r.n as mean
    from smartpark.rollup_15m r
    join unnest(%(days)s::date[], %(classes)s::text[]) as c (day, class)
      on c.day = (r.bucket at time zone %(zone)s)::date
   where r.point = any (%(points)s::int[]) and r.bucket >= %(since)s and r.bucket < %(until)s and r.n > 0
), medians as (
  select point, class, hour, percentile_cont(0.5) within group (order by mean) as median, count(distinct day) as n
    from means group by 1, 2, 3
)
insert into smartpark.usual as u (point, days, hour, median, spread, n, made)
select m.point, m.class, m.hour, d.median,
       1.4826 * percentile_cont(0.5) within group (order by abs(m.mean - d.median)), d.n, %(now)s
  from means m join medians d using (point, class, hour)
 group by m.point, m.class, m.hour, d.median, d.n
on conflict (point, days, hour) do update
  set median = excluded.median, spread = excluded.spread, n = excluded.n, made = excluded.made;

-- name: drop_old_usual
-- What is no longer known of points: nothing was measured at that hour for so long.
delete from smartpark.usual where point = any (%(points)s::int[]) and made < %(now)s;
