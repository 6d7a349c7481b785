select
  point,
  time_bucket('{width}'::interval, ts) as bucket,
  count(*) as n,
  sum(value) as sum,
  min(value) as min,
  max(value) as max,
  (array_agg(value order by ts))[1] as first,
  (array_agg(value order by ts desc))[1] as last
from {source}
where value is not null and quality between 64 and 255
group by 1, 2
