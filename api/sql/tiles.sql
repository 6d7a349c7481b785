-- name: tile_database
-- What the database is, for the footer.
select (select extversion from pg_extension where extname = 'timescaledb') as timescale,
       current_setting('server_version') as server,
       (select min(edition) from park.schema_version) as edition

-- name: tile_devices
-- Liveness of every device of a park that is in use.
select device, device_id, family, type, name_zh, name_en, building_id, gateway_id, lon, lat, interval_s, provisional,
       state, state_since, state_reason, heard
  from park.devices
 where park_id = %(park)s and not retired
 order by device_id

-- name: tile_buildings
-- Names of buildings and sites.
select space_id, name_zh, name_en
  from park.spaces
 where park_id = %(park)s and kind in ('building', 'site')
 order by space_id

-- name: tile_passages
-- Persons who passed, and denials, by quarter of an hour and gate; `recent` counts those of the last minutes.
select date_bin('15 minutes', ts, timestamptz '2000-01-03 00:00+00') as bucket, device,
       coalesce(sum(count) filter (where kind = 'passage' and direction = 'in'), 0) as entered,
       coalesce(sum(count) filter (where kind = 'passage' and direction = 'out'), 0) as left,
       coalesce(sum(count) filter (where kind = 'passage' and direction = 'unknown'), 0) as unknown,
       coalesce(sum(count) filter (where kind = 'passage' and direction = 'in' and ts > %(recent)s), 0) as recent_in,
       coalesce(sum(count) filter (where kind = 'passage' and direction = 'out' and ts > %(recent)s), 0) as recent_out,
       count(*) filter (where kind = 'decision' and code >= 128) as denied,
       max(ts) as newest
  from park.access_events
 where park_id = %(park)s and ts >= %(since)s and ts < %(until)s and kind in ('passage', 'decision')
 group by 1, 2

-- name: tile_passages_by_minute
-- Persons who passed, by minute: a day that is over, to be compared with at any time of day.
select date_bin('1 minute', ts, timestamptz '2000-01-03 00:00+00') as bucket,
       coalesce(sum(count) filter (where direction = 'in'), 0) as entered,
       coalesce(sum(count) filter (where direction = 'out'), 0) as left
  from park.access_events
 where park_id = %(park)s and ts >= %(since)s and ts < %(until)s and kind = 'passage'
 group by 1
 order by 1

-- name: tile_access_known
-- Whether gates told anything in a window.
select exists (
  select from park.access_events where park_id = %(park)s and ts >= %(since)s and ts < %(until)s) as known

-- name: tile_doors
-- The newest state of each gate's door that was told in a window.
select distinct on (device) device, code::integer as code, ts
  from park.access_events
 where park_id = %(park)s and ts >= %(since)s and ts < %(until)s and kind = 'door'
 order by device, ts desc, received desc, ordinal desc

-- name: tile_screenings
-- Screenings by scanner, result and 0.2 °C of skin temperature (bin: its start in tenths of a degree).
select device, result, (floor(skin_c::numeric * 5) * 2)::integer as bin, count(*) as n,
       sum(skin_c::float8) as total_c, max(ts) as newest
  from park.screenings
 where park_id = %(park)s and ts >= %(since)s
 group by 1, 2, 3

-- name: tile_refer_recent
-- The newest referrals.
select ts, device, skin_c
  from park.screenings
 where park_id = %(park)s and ts >= %(since)s and result = 'REFER'
 order by ts desc
 limit 6

-- name: tile_power_points
-- Newest power and register of the meters that make up the park's figures.
select point, device_id, name, role, kind, interval_s, ts, value, quality
  from park.points
 where park_id = %(park)s and role is not null and not retired and name in ('active_power', 'energy')

-- name: tile_power_curve
-- Mean power of some points summed, by 15 minutes; meters says how many had one.
select bucket, sum(sum / n) as kw, count(*) as meters
  from park.readings_15m
 where point = any (%(points)s) and bucket >= %(since)s and bucket < %(until)s
 group by 1
 order by 1

-- name: tile_consumption
-- Growth of each register over a window.
select point, sum(amount) as amount
  from park.consumption_15m(%(since)s, %(until)s)
 where point = any (%(points)s)
 group by 1

-- name: tile_consumption_curve
-- Growth of some registers together, by 15 minutes: a day that is over, to be compared with at any time of day.
select bucket, sum(amount) as amount
  from park.consumption_15m(%(since)s, %(until)s)
 where point = any (%(points)s)
 group by 1
 order by 1

-- name: tile_registers
-- The last register of each point that is rolled up in a window.
select distinct on (point) point, bucket, last
  from park.readings_15m
 where point = any (%(points)s) and bucket >= %(since)s and bucket < %(until)s
 order by point, bucket desc

-- name: tile_sensor_problems
-- Facility points worth a look: doubts, and leak, smoke, fault or entrapment. Where lives are at stake, old ones too.
select p.device_id, p.device, p.name, p.unit, p.value, p.ts, p.low, p.high, p.interval_s,
       case when p.quality = 66
             and exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null)
            then 192 else p.quality end as quality
  from park.points p
 where p.park_id = %(park)s and p.family = 'sensor' and not p.retired and p.ts is not null
   and (p.quality <> 192 or (p.name in ('leak', 'smoke', 'fault', 'entrapment') and p.value = 1))
   and (p.name in ('leak', 'smoke', 'entrapment')
        or (p.device <> all (%(provisional)s::integer[])
            and (p.quality = 192 or p.ts >= %(now)s::timestamptz - 3 * make_interval(secs => p.interval_s))))
   and (p.quality <> 66 or (p.name in ('leak', 'smoke', 'fault', 'entrapment') and p.value = 1)
        or not exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null))
 order by (p.name in ('leak', 'smoke', 'fault', 'entrapment') and p.value = 1) desc, p.ts desc
 limit 12

-- name: tile_sensor_newest
-- The newest readings of chosen quantities of facility sensors.
select p.device_id, p.device, p.name, p.unit, p.value, p.ts, p.low, p.high, p.interval_s,
       case when p.quality = 66
             and exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null)
            then 192 else p.quality end as quality
  from park.points p
 where p.park_id = %(park)s and p.family = 'sensor' and not p.retired and p.ts is not null and p.quality in (66, 192)
   and p.name in ('pressure', 'vibration', 'ph', 'cod', 'supply_temperature', 'filter_pressure')
   and (p.quality = 192
        or exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null))

-- name: tile_sensor_changes
-- When leak, smoke, entrapment and fault began and ended. A window's first reading is compared with the one before it.
select ('r' || p.point || '-' || (extract(epoch from c.ts) * 1000000)::bigint) collate "C" as id, p.device_id, p.name,
       c.ts as at, c.received, c.value
  from (select point, device_id, name from park.points
         where park_id = %(park)s and family = 'sensor' and not retired
           and name in ('leak', 'smoke', 'entrapment', 'fault')) p
  cross join lateral (
    select w.ts, w.received, w.value,
           coalesce(w.before, (select b.value from park.readings b
                                where b.point = p.point and b.ts < w.ts and b.ts >= w.ts - interval '7 days'
                                  and b.value in (0, 1) and b.quality between 64 and 255
                                order by b.ts desc limit 1)) as before
      from (select r.ts, r.received, r.value, lag(r.value) over (order by r.ts) as before
              from park.readings r
             where r.point = p.point and r.ts >= %(since)s and r.ts < %(until)s
               and r.value in (0, 1) and r.quality between 64 and 255) w
     where w.before is null or w.before <> w.value) c
 where c.before <> c.value
 order by c.ts desc, id desc
 limit %(rows)s

-- name: tile_ingest_minute
-- What was stored in the last minute: at most its newest 6,000 batches, because only their number is indexed.
select sum(messages) as messages, sum(readings) as readings, count(*) as batches
  from park.ingest_batches
 where batch > (select max(batch) - 6000 from park.ingest_batches) and at > %(since)s and at <= %(until)s

-- name: tile_ingest_newest
-- The newest batch.
select batch, at, oldest
  from park.ingest_batches
 order by batch desc
 limit 1

-- name: tile_ingest_since
-- Repeats and contradictions in the batches of a day after a batch that was counted before.
select coalesce(max(batch), %(after)s) as batch, coalesce(sum(duplicates), 0) as duplicates,
       coalesce(sum(conflicts), 0) as conflicts
  from park.ingest_batches
 where at >= %(since)s and batch > %(after)s

-- name: tile_dead_letters
-- How many messages could not be understood since an instant.
select count(*) as n
  from park.dead_letters
 where received >= %(since)s and (park_id = %(park)s or park_id is null)
