-- name: trial_registered
-- The registered devices of a park and their points, as selectors look at them.
select d.device, d.device_id, d.family, coalesce(d.type, '') as type, d.brick_class, d.space_id,
       coalesce(jsonb_object_agg(p.name, jsonb_build_array(p.point, p.role))
                  filter (where not p.provisional and not p.retired), '{}') as points
  from park.devices d
  left join park.points p using (device)
 where d.park_id = %(park)s and not d.provisional and not d.retired
 group by d.device, d.device_id, d.family, d.type, d.brick_class, d.space_id
 order by d.device;

-- name: trial_parents
-- Which space lies in which.
select space_id, parent_id from park.spaces where park_id = %(park)s;

-- name: trial_points
-- Unit and expected interval of points.
select point, unit, interval_s from park.points where point = any (%(points)s::int[]);

-- name: trial_zone
-- The park's time zone.
select time_zone from park.parks where park_id = %(park)s;

-- name: trial_readings
-- Usable readings of a point (times in µs since 1970): device time, value, received time.
select (extract(epoch from ts) * 1000000)::bigint, value, (extract(epoch from received) * 1000000)::bigint
  from park.readings
 where point = %(point)s and ts > %(after)s and ts <= %(until)s and value is not null and quality between 64 and 255
 order by ts;

-- name: trial_means
-- Means of closed quarter hours of a point, each at the quarter's end (µs since 1970).
select (extract(epoch from bucket) * 1000000)::bigint + 900000000, sum / n,
       (extract(epoch from bucket) * 1000000)::bigint + 900000000
  from park.readings_15m
 where point = %(point)s and bucket + interval '15 minutes' > %(after)s and bucket + interval '15 minutes' <= %(until)s
   and n > 0 and sum is not null
 order by bucket;

-- name: trial_usual
-- What is usual for a point.
select days, hour, median, spread, n from park.usual where point = %(point)s;

-- name: trial_calendar
-- What the calendar says of a park's days.
select day, kind from park.calendar_days where park_id = %(park)s;

-- name: trial_events
-- Decisions and door states of some devices.
select ts, received, kind, code
  from park.access_events
 where device = any (%(devices)s::int[]) and ts > %(after)s and ts <= %(until)s and code is not null
   and kind in ('decision', 'door')
 order by ts;

-- name: trial_transitions
-- When a device came and went, the last one before an instant included.
select at, to_state, reason
  from park.device_transitions
 where park_id = %(park)s and device_id = %(device)s and at <= %(until)s
   and at >= coalesce((select max(b.at) from park.device_transitions b
                        where b.park_id = %(park)s and b.device_id = %(device)s and b.at <= %(after)s), '-infinity')
 order by at, transition;

-- name: trial_clocks
-- Faults of a device's clock that stood between two instants.
select fault, offset_s, since, ended
  from park.device_clocks
 where device = %(device)s and since <= %(until)s and (ended is null or ended > %(after)s)
 order by since;
