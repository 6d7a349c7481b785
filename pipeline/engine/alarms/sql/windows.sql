-- name: window_watches
-- What is judged by windows: each watch's rule in force, its point, its park's zone, and where it was left.
select w.watch, w.rule, v.version, v.at, w.point, w.other, p.unit, r.park_id, coalesce(k.time_zone, 'UTC') as zone,
       v.on_delay_s, v.off_delay_s, v.late_limit_s, v.life_safety, c.deadline, c.upto
  from smartpark.alarm_rule_version v
  join smartpark.alarm_rule r on r.rule = v.rule and r.version = v.version and not r.retired
  join smartpark.alarm_watch w on w.rule = r.rule and w.point is not null and not w.retired
  join smartpark.point p on p.point = w.point
  left join smartpark.park k on k.park_id = r.park_id
  left join smartpark.alarm_condition c on c.watch = w.watch
 where v.enabled and v.kind = any (%(kinds)s::text[])
 order by w.watch;

-- name: rule_specs
-- What some rules' versions say.
select v.rule, v.version, v.spec
  from unnest(%(rules)s::int[], %(versions)s::int[]) as t (rule, version)
  join smartpark.alarm_rule_version v using (rule, version);

-- name: newest_of
-- Device time (µs since 1970) of the newest reading of some points.
select point, (extract(epoch from ts) * 1000000)::bigint from smartpark.latest where point = any (%(points)s::int[]);

-- name: usable_readings
-- Usable readings of some points, each later than an instant: device time, value, received time (times in µs).
select t.point, r.ts, r.value, r.received
  from unnest(%(points)s::int[], %(afters)s::timestamptz[]) as t (point, after)
  join lateral (
    select array_agg((extract(epoch from o.ts) * 1000000)::bigint order by o.ts) as ts,
           array_agg(o.value order by o.ts) as value,
           array_agg((extract(epoch from o.received) * 1000000)::bigint order by o.ts) as received
      from smartpark.reading o
     where o.point = t.point and o.ts > t.after and o.ts > %(oldest)s
       and o.value is not null and o.quality between 64 and 255
  ) r on r.ts is not null;

-- name: late_readings
-- Usable readings of some points that lie in what was read before, and came after that.
select o.point, o.ts, o.value, o.received
  from unnest(%(points)s::int[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[], %(checks)s::timestamptz[])
       as t (point, since, until, checked)
  join smartpark.reading o
    on o.point = t.point and o.ts > t.since and o.ts <= t.until and o.received > t.checked
 where o.ts > %(oldest)s and o.value is not null and o.quality between 64 and 255;

-- name: quarter_means
-- Means of closed quarter hours of some points, each later than an instant.
select t.point, r.bucket + interval '15 minutes', r.sum / r.n
  from unnest(%(points)s::int[], %(afters)s::timestamptz[]) as t (point, after)
  join smartpark.rollup_15m r on r.point = t.point and r.bucket + interval '15 minutes' > t.after
 where r.bucket >= %(oldest)s and r.bucket + interval '15 minutes' <= %(until)s and r.n > 0;

-- name: usual_of
-- What is usual for some points.
select point, days, hour, median, spread, n from smartpark.usual where point = any (%(points)s::int[]);

-- name: calendar_of
-- What the calendar says of some days.
select park_id, day, kind from smartpark.calendar_day where day between %(since)s::date and %(until)s::date;

-- name: keep_conditions
-- How conditions stand now, and up to where they were judged.
insert into smartpark.alarm_condition as c (watch, phase, began, since, deadline, value, received, upto)
select watch, phase, began, since, deadline, value, received, upto
  from jsonb_to_recordset(%(rows)s::jsonb) as t (watch int, phase text, began timestamptz, since timestamptz,
         deadline timestamptz, value float8, received timestamptz, upto timestamptz)
 order by watch
on conflict (watch) do update
  set phase = excluded.phase, began = excluded.began, since = excluded.since, deadline = excluded.deadline,
      value = excluded.value, received = excluded.received, upto = greatest(c.upto, excluded.upto);
