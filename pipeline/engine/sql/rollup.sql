-- name: take_marks
-- Takes the marks of closed buckets, and of open ones only when they are due; what is appended from now on stays.
delete from smartpark.rollup_dirty
 where dirty in (select dirty from smartpark.rollup_dirty
                  where bucket < %(before)s order by dirty limit 20000 for update skip locked)
returning bucket, points;

-- name: make_touched
-- The buckets to recompute, for this transaction.
create temporary table if not exists touched (point integer not null, bucket timestamptz not null) on commit delete rows;

-- name: make_touched_days
-- The park days to recompute, for this transaction.
create temporary table if not exists touched_day (point integer, day date, since timestamptz, until timestamptz)
on commit delete rows;

-- name: delete_quarters
-- Touched 15-minute rows are replaced whole.
delete from smartpark.rollup_15m r using touched t
 where r.point = t.point and r.bucket = t.bucket
   and t.bucket >= %(since)s and t.bucket < %(until)s and r.bucket >= %(since)s and r.bucket < %(until)s;

-- name: delete_hours
-- Touched hours are replaced whole; one statement is for one hour.
delete from smartpark.rollup_1h r
 using (select distinct point from touched where bucket >= %(since)s and bucket < %(until)s) t
 where r.point = t.point and r.bucket = %(since)s;

-- name: refresh_hours
-- Recomputes the touched rows of one hour from its 15-minute rows.
insert into smartpark.rollup_1h (point, bucket, n, sum, min, max, first, last)
select r.point, %(since)s, sum(r.n), sum(r.sum), min(r.min), max(r.max),
       (array_agg(r.first order by r.bucket))[1], (array_agg(r.last order by r.bucket desc))[1]
  from (select distinct point from touched where bucket >= %(since)s and bucket < %(until)s) t
  join smartpark.rollup_15m r on r.point = t.point and r.bucket >= %(since)s and r.bucket < %(until)s
 group by r.point;

-- name: touched_days
-- The park days that touched buckets belong to, in each point's own zone.
insert into touched_day (point, day, since, until)
select distinct t.point, d.day, d.day::timestamp at time zone d.zone, (d.day + 1)::timestamp at time zone d.zone
  from touched t
  join smartpark.point p using (point)
  join smartpark.device v using (device)
  left join smartpark.park k using (park_id)
  cross join lateral (select coalesce(k.time_zone, 'UTC') as zone,
                             (t.bucket at time zone coalesce(k.time_zone, 'UTC'))::date as day) d;

-- name: refresh_days
-- Recomputes touched park days from their 15-minute rows.
insert into smartpark.rollup_day (point, day, n, sum, min, max, first, last)
select d.point, d.day, sum(r.n), sum(r.sum), min(r.min), max(r.max),
       (array_agg(r.first order by r.bucket))[1], (array_agg(r.last order by r.bucket desc))[1]
  from touched_day d
  join smartpark.rollup_15m r on r.point = d.point and r.bucket >= d.since and r.bucket < d.until
 group by d.point, d.day
on conflict (point, day) do update
  set n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max,
      first = excluded.first, last = excluded.last;

-- name: delete_days
-- Park days are replaced whole.
delete from smartpark.rollup_day r using touched_day d where r.point = d.point and r.day = d.day;

-- name: closed_marks
-- Marks of hours that have closed, oldest first: a refresh moves the watermark, and hides what is before it (community).
select dirty, bucket, points from smartpark.rollup_dirty where bucket < %(before)s order by bucket limit 20000;

-- name: drop_marks
-- Marks whose refresh is done (community).
delete from smartpark.rollup_dirty where dirty = any(%(marks)s::bigint[]);

-- name: merge_marks
-- Joins the marks of open hours into one row a bucket (community).
with taken as (
  delete from smartpark.rollup_dirty where bucket >= %(since)s returning bucket, points
)
insert into smartpark.rollup_dirty (bucket, points)
select bucket, array_agg(distinct point order by point) from taken, unnest(points) as point group by bucket;

-- name: open_marks
-- Marks of hours that still fill (community).
select bucket, points from smartpark.rollup_dirty where bucket >= %(since)s;

-- name: refresh_15m
-- Makes a range of the 15-minute aggregate equal to raw (community).
call refresh_continuous_aggregate('smartpark.rollup_15m', %(since)s::timestamptz, %(until)s::timestamptz);

-- name: refresh_1h
-- Makes a range of the hourly aggregate equal to raw (community).
call refresh_continuous_aggregate('smartpark.rollup_1h', %(since)s::timestamptz, %(until)s::timestamptz);
