-- Asked by Grafana, which fills in its macros ($__timeFilter, $__timeFrom, …) and the variable park;
-- tests/dashboards does the same and runs every one of them.

-- name: messages_and_readings
-- What was stored, per minute.
select time_bucket('1 minute'::interval, at) as time, sum(messages) as messages, sum(readings) as readings,
       sum(events) as events
  from park.ingest_batches
 where $__timeFilter(at)
 group by 1 order by 1;

-- name: lag
-- Seconds from receiving the oldest message of a batch to its commit, the worst of each minute.
select time_bucket('1 minute'::interval, at) as time, lane as metric,
       max(extract(epoch from at - oldest)) as value
  from park.ingest_batches
 where $__timeFilter(at) and oldest is not null
 group by 1, 2 order by 1;

-- name: doubtful
-- Repeats, contradictions, dead letters and messages without identity, per hour.
select time_bucket('1 hour'::interval, at) as time, sum(duplicates) as duplicates, sum(conflicts) as conflicts,
       sum(dead_letters) as "dead letters", sum(unidentified) as unidentified
  from park.ingest_batches
 where $__timeFilter(at)
 group by 1 order by 1;

-- name: data_age
-- Seconds since the last batch, seen from the end of the chosen time.
select extract(epoch from $__timeTo()::timestamptz - max(at)) as seconds
  from park.ingest_batches
 where $__timeFilter(at);

-- name: devices_by_family
-- How many devices of each family are online, offline, or were never heard.
select family, count(*) filter (where state = 'online') as online, count(*) filter (where state = 'offline') as offline,
       count(*) filter (where state = 'unknown') as unknown, count(*) filter (where provisional) as provisional
  from park.devices
 where park_id = ${park:sqlstring} and not retired
 group by family order by family;

-- name: offline_devices
-- Who is silent, longest first.
select device_id as device, coalesce(name_zh, device_id) as name, building_id as building, state_since as since,
       heard, state_reason as reason
  from park.devices
 where park_id = ${park:sqlstring} and state = 'offline' and not retired
 order by state_since limit 100;

-- name: availability
-- Devices that went offline and came back, per hour.
select time_bucket('1 hour'::interval, at) as time, to_state as metric, count(*) as value
  from park.device_transitions
 where park_id = ${park:sqlstring} and $__timeFilter(at)
 group by 1, 2 order by 1;

-- name: dead_letters
-- Messages that could not be understood, newest first; their content is sealed.
select received, device_id as device, lane, reason, detail, sealed_bytes as bytes, replayed, outcome
  from park.dead_letters
 where $__timeFilter(received) and (park_id is null or park_id = ${park:sqlstring})
 order by received desc limit 200;

-- name: rejects
-- Who sends what cannot be read, and why, most first.
select device_id as device, lane, reason, sum(messages) as messages, min(minute) as first, max(minute) as last
  from park.reject_minutes
 where $__timeFilter(minute) and (park_id is null or park_id = ${park:sqlstring})
 group by 1, 2, 3 order by 4 desc limit 100;

-- name: talkers
-- The busiest senders by their busiest minute, and what a limit left out.
select m.device_id as device, m.lane, max(m.messages) as per_minute, max(m.peak_per_s) as per_s,
       (select sum(l.messages) from park.limited_minutes l
         where l.park_id = m.park_id and l.device_id = m.device_id and $__timeFilter(l.minute)) as limited
  from park.device_minutes m
 where $__timeFilter(m.minute) and (m.park_id is null or m.park_id = ${park:sqlstring})
 group by m.park_id, m.device_id, m.lane order by 3 desc limit 50;

-- name: conditions
-- What was told of the intake: open ones first.
select kind, coalesce(device_id, devices || ' devices') as device, lane, family, firmware, reason, started, last,
       messages, ended
  from park.intake_conditions
 where (ended is null or $__timeFilter(ended)) and (park_id is null or park_id = ${park:sqlstring})
 order by ended nulls first, started desc limit 50;

-- name: conflicts
-- The same key with another content: what was kept, and what came later.
select received, device_id as device, point_name as point, ts, kept, refused
  from park.conflicts
 where park_id = ${park:sqlstring} and $__timeFilter(received)
 order by received desc limit 200;

-- name: engine_steps
-- The engine's steps, as they ran the last time.
select step, ran, seconds, done, error from park.engine_steps order by step;

-- name: points_by_quality
-- Newest readings by quality: 192 is good, 66 is a device time that could not be believed.
select case when quality between 192 and 255 then 'good' when quality = 66 then 'untrusted time'
            when quality between 64 and 191 then 'uncertain' when quality = 500 then 'stale' else 'bad' end as quality,
       count(*) as points
  from park.points
 where park_id = ${park:sqlstring} and quality is not null
 group by 1 order by 2 desc;
