-- name: pause_roll_ups
-- Waits until no engine is at its roll-ups, and keeps them out until the transaction ends: none mixes two time zones.
select pg_advisory_xact_lock(%(kind)s::int, %(key)s::int);

-- name: drop_days
-- A park's days as far back as they can be made again; where 15-minute rows went, days before them are all there is.
delete from smartpark.rollup_day r
 using (select p.point, (f.bucket at time zone %(before)s)::date as day
          from smartpark.point p
          join smartpark.device d using (device)
          cross join lateral (select min(q.bucket) as bucket from smartpark.rollup_15m q where q.point = p.point) f
         where d.park_id = %(park)s) as first
 where r.point = first.point
   and r.day >= first.day + (exists (select from smartpark.rollup_day o
                                      where o.point = first.point and o.day < first.day))::int;

-- name: make_days
-- A park's days in a time zone from their 15-minute rows, after the last one that stayed. Point by point: an index scan.
insert into smartpark.rollup_day (point, day, n, sum, min, max, first, last)
select p.point, d.*
  from smartpark.point p
  join smartpark.device v using (device)
  cross join lateral (
    select (r.bucket at time zone %(after)s)::date as day, sum(r.n), sum(r.sum), min(r.min), max(r.max),
           (array_agg(r.first order by r.bucket))[1], (array_agg(r.last order by r.bucket desc))[1]
      from smartpark.rollup_15m r where r.point = p.point
     group by 1) d
 where v.park_id = %(park)s
   and d.day > coalesce((select max(o.day) from smartpark.rollup_day o where o.point = p.point), '-infinity');
