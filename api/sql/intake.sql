-- name: intake_conditions
-- Conditions of a park, and those of senders that no park is known of: open ones first, then the newest.
select condition, kind, lane, park_id, family, firmware, device_id, reason, started, raised, last, messages,
       per_minute, devices, device_ids, dead_letter, ended
  from park.intake_conditions
 where (park_id = %(park)s or park_id is null)
   and (%(open)s::boolean is null or (ended is null) = %(open)s)
   and (%(kind)s::text is null or kind = %(kind)s)
   and (%(since)s::timestamptz is null or ended is null or ended > %(since)s)
   and (%(after)s::bigint is null or condition < %(after)s)
 order by condition desc
 limit %(rows)s

-- name: intake_lanes
-- Each lane as its collector says it is, and what it stored of late.
with recent as (
  select lane, sum(messages) as messages, sum(readings) as readings, sum(dead_letters) as dead_letters,
         max(at) as committed, max(extract(epoch from at - oldest)) as lag_s
    from park.ingest_batches
   where batch > (select max(batch) - 6000 from park.ingest_batches) and at > %(since)s and at <= %(now)s
   group by lane
)
select coalesce(s.lane, r.lane) as lane, s.at, s.connected, s.inbox, s.waited_s, s.trouble, r.messages, r.readings,
       r.dead_letters, r.committed, r.lag_s::float8 as lag_s
  from (select * from park.lane_states where at > %(forgotten)s) s
  full join recent r on r.lane = s.lane
 order by 1

-- name: intake_minutes
-- What was stored in each of the last minutes.
select date_bin('1 minute', at, timestamptz '2000-01-03 00:00+00') as minute, sum(messages) as messages,
       sum(readings) as readings, sum(dead_letters) as dead_letters
  from park.ingest_batches
 where batch > (select max(batch) - 24000 from park.ingest_batches) and at > %(since)s and at <= %(now)s
 group by 1
 order by 1

-- name: intake_delay
-- How long newest readings with a good time of their own took from the device to us: the typical and the worst.
select percentile_cont(0.5) within group (order by extract(epoch from received - ts)) as typical_s,
       percentile_cont(0.95) within group (order by extract(epoch from received - ts)) as worst_s,
       count(*) as points, max(received) as newest
  from park.points
 where park_id = %(park)s and received > %(since)s and quality >= 192 and quality < 256

-- name: intake_rollup
-- Whether roll-ups are made, and what waits for them.
select e.ran, e.seconds, e.error, b.marks, b.oldest
  from park.rollup_backlog b left join park.engine_steps e on e.step = 'roll-ups'

-- name: intake_spools
-- What still lies in spools.
select host, lane, messages, oldest, at
  from park.spool_backlogs
 where messages > 0
 order by oldest

-- name: intake_rejects
-- Who sent what could not be understood since an instant, most first; with the newest of those dead letters.
with refused as (
  select park_id, device_id, lane, reason, sum(messages)::bigint as messages, min(minute) as first, max(minute) as last
    from park.reject_minutes
   where minute > %(since)s and (park_id = %(park)s or park_id is null)
   group by 1, 2, 3, 4
)
select r.*, d.name_zh, d.name_en, d.building_id,
       (select max(l.dead_letter) from park.dead_letters l
         where l.received >= %(since)s and l.reason = r.reason and l.lane = r.lane
           and coalesce(l.device_id, '') = coalesce(r.device_id, '')) as dead_letter
  from refused r
  left join park.devices d on d.park_id = r.park_id and d.device_id = r.device_id
 order by r.messages desc, r.device_id, r.reason
 limit %(rows)s

-- name: intake_talkers
-- Who sends most, by whole minutes since an instant; whoever is limited is there too, with the limit.
with busy as (
  select park_id, device_id, lane, sum(messages)::bigint as messages, max(messages) as most, max(peak_per_s) as peak_per_s,
         max(minute) as last
    from park.device_minutes
   where minute >= %(since)s and (park_id = %(park)s or park_id is null)
   group by 1, 2, 3
), held as (
  select park_id, device_id, per_minute, everything, reason, set_at, set_by, until
    from park.device_limits
   where park_id = %(park)s and ended is null and (until is null or until > %(now)s)
), left_out as (
  select park_id, device_id, sum(messages)::bigint as messages
    from park.limited_minutes
   where minute >= %(since)s and park_id = %(park)s
   group by 1, 2
)
select coalesce(b.park_id, h.park_id) as park_id, coalesce(b.device_id, h.device_id) as device_id, b.lane,
       coalesce(b.messages, 0) as messages, b.most, b.peak_per_s, b.last, d.name_zh, d.name_en, d.building_id,
       60 / d.interval_s as expected, d.gateway_id, h.per_minute, h.everything, h.reason, h.set_at, h.set_by, h.until,
       coalesce(o.messages, 0) as limited
  from busy b
  full join held h on h.park_id = b.park_id and h.device_id = b.device_id
  left join left_out o on o.park_id = coalesce(b.park_id, h.park_id) and o.device_id = coalesce(b.device_id, h.device_id)
  left join park.devices d on d.park_id = coalesce(b.park_id, h.park_id) and d.device_id = coalesce(b.device_id, h.device_id)
 order by h.device_id is null, coalesce(b.messages, 0) desc, 2
 limit %(rows)s

-- name: intake_clocks
-- Devices whose clocks lie now.
select device_id, name_zh, name_en, building_id, fault, offset_s, since, last_seen, count(*) over () as total
  from park.device_clocks
 where park_id = %(park)s and ended is null
 order by last_seen desc
 limit %(rows)s
