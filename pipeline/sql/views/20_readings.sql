-- Readings, raw and rolled up. Buckets are UTC; days are the park's own. Mean is sum / n.
create view park.readings as
  select point, ts, received, device_ts, value, quality from smartpark.reading;

create view park.readings_15m as
  select point, bucket, n, sum, min, max, first, last from smartpark.rollup_15m;

create view park.readings_1h as
  select point, bucket, n, sum, min, max, first, last from smartpark.rollup_1h;

create view park.readings_day as
  select point, day, n, sum, min, max, first, last from smartpark.rollup_day;

create view park.conflicts as
  select c.conflict, d.park_id, d.device_id, c.kind, p.name as point_name, c.ts, c.identity, c.received, c.kept, c.refused, c.content
    from smartpark.conflict c
    join smartpark.device d using (device)
    left join smartpark.point p on p.point = c.point;
