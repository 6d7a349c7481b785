-- name: raw_readings
-- Readings of a point as they were stored, oldest first.
select ts, value, quality, received, device_ts
  from park.readings
 where point = %(point)s and ts >= %(since)s and ts < %(until)s
 order by ts
 limit %(rows)s

-- name: raw_bins
-- Usable readings of a point in bins of any width; nothing between a bin's min and max was higher or lower.
select date_bin(%(width)s::interval, ts, %(since)s::timestamptz) as t, count(*) as n, sum(value) / count(*) as mean,
       min(value) as min, max(value) as max,
       (array_agg(value order by ts))[1] as first, (array_agg(value order by ts desc))[1] as last
  from park.readings
 where point = %(point)s and ts >= %(since)s::timestamptz and ts < %(until)s
   and value is not null and quality between 64 and 255
 group by 1
 order by 1

-- name: rollup_15m_bins
-- The same from 15-minute roll-ups, and from raw where they may still lag; width is a multiple of 15 min.
with bucketed as (
  select bucket, n, sum, min, max, first, last
    from park.readings_15m
   where point = %(point)s and bucket >= %(since)s
     and bucket < least(%(until)s::timestamptz, %(fresh)s::timestamptz)
  union all
  select date_bin('15 minutes', ts, timestamptz '2000-01-03 00:00+00'), count(*), sum(value), min(value), max(value),
         (array_agg(value order by ts))[1], (array_agg(value order by ts desc))[1]
    from park.readings
   where point = %(point)s and ts >= greatest(%(since)s::timestamptz, %(fresh)s::timestamptz) and ts < %(until)s
     and value is not null and quality between 64 and 255
   group by 1
)
select date_bin(%(width)s::interval, bucket, %(since)s::timestamptz) as t, sum(n)::bigint as n,
       sum(sum) / sum(n)::float8 as mean, min(min) as min, max(max) as max,
       (array_agg(first order by bucket))[1] as first, (array_agg(last order by bucket desc))[1] as last
  from bucketed
 group by 1
 order by 1

-- name: rollup_1h_bins
-- The same from hourly roll-ups; width is a multiple of an hour.
with bucketed as (
  select bucket, n, sum, min, max, first, last
    from park.readings_1h
   where point = %(point)s and bucket >= %(since)s
     and bucket < least(%(until)s::timestamptz, %(fresh)s::timestamptz)
  union all
  select date_bin('1 hour', ts, timestamptz '2000-01-03 00:00+00'), count(*), sum(value), min(value), max(value),
         (array_agg(value order by ts))[1], (array_agg(value order by ts desc))[1]
    from park.readings
   where point = %(point)s and ts >= greatest(%(since)s::timestamptz, %(fresh)s::timestamptz) and ts < %(until)s
     and value is not null and quality between 64 and 255
   group by 1
)
select date_bin(%(width)s::interval, bucket, %(since)s::timestamptz) as t, sum(n)::bigint as n,
       sum(sum) / sum(n)::float8 as mean, min(min) as min, max(max) as max,
       (array_agg(first order by bucket))[1] as first, (array_agg(last order by bucket desc))[1] as last
  from bucketed
 group by 1
 order by 1

-- name: day_bins
-- Park days of a point, as the engine last rolled them up.
select day, n, sum / n as mean, min, max, first, last
  from park.readings_day
 where point = %(point)s and day >= %(since_day)s and day < %(until_day)s
 order by day

-- name: raw_reaches
-- Whether roll-ups know something of a window from before the oldest raw reading that is left in it.
with raw as (
  select min(ts) as oldest from park.readings
   where point = %(point)s and ts >= %(since)s and ts < %(until)s
)
select exists (
  select from park.readings_15m r, raw
   where r.point = %(point)s and r.bucket >= %(since)s
     and r.bucket < coalesce(raw.oldest, %(until)s::timestamptz) - interval '15 minutes') as older
