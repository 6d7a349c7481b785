-- name: reject_groups
-- What could not be understood of late, by what the devices have in common; with what those devices sent in all.
with recent as (
  select lane, park_id, device_id, reason, sum(messages) as messages, max(messages) as most, min(minute) as since,
         max(minute) as last
    from smartpark.reject_minute
   where minute > %(since)s and minute <= %(now)s
   group by 1, 2, 3, 4
), sent as (
  select lane, park_id, device_id, sum(messages) as messages
    from smartpark.device_minute
   where minute > %(since)s and minute <= %(now)s
   group by 1, 2, 3
), named as (
  select r.*, d.family, s.firmware, greatest(r.messages, t.messages) as sent
    from recent r
    left join smartpark.device d on d.park_id = r.park_id and d.device_id = r.device_id
    left join smartpark.device_state s using (device)
    left join sent t on t.lane = r.lane and t.park_id = r.park_id and t.device_id = r.device_id
)
select lane, park_id, family, firmware, case when device_id is null then '' end as device_id, reason,
       sum(messages)::bigint as messages, max(most)::bigint as most, sum(sent)::bigint as sent, min(since) as since,
       max(last) as last, coalesce(array_agg(device_id order by messages desc, device_id)
                                     filter (where device_id is not null), '{}') as device_ids
  from named
 group by lane, park_id, family, firmware, device_id is null, reason;

-- name: flood_groups
-- Devices that sent more in some minute of late than `floor`, and what may be expected of each with who is behind it.
with busy as (
  select lane, park_id, device_id, sum(messages)::bigint as messages, max(messages)::bigint as most,
         min(minute) as since, max(minute) as last
    from smartpark.device_minute
   where minute > %(since)s and minute <= %(now)s
   group by 1, 2, 3
  having max(messages) > %(floor)s
)
select b.lane, b.park_id, b.device_id, d.family, b.messages, b.most, b.since, b.last,
       coalesce(60 / d.interval_s, 1)
         + coalesce((select sum(60 / c.interval_s) from smartpark.device c
                      where c.park_id = b.park_id and c.gateway_id = b.device_id and not c.retired), 0) as expected
  from busy b
  left join smartpark.device d on d.park_id = b.park_id and d.device_id = b.device_id;

-- name: conflict_groups
-- Devices that contradicted themselves of late.
select d.park_id, d.family, d.device_id, c.kind as reason, count(*) as messages, min(c.received) as since,
       max(c.received) as last
  from smartpark.conflict c join smartpark.device d using (device)
 where c.received > %(since)s and c.received <= %(now)s
 group by 1, 2, 3, 4;

-- name: open_conditions
-- What is open, locked against another engine.
select condition, kind, lane, park_id, family, firmware, device_id, reason, started, raised, last, messages,
       per_minute, device_ids
  from smartpark.intake_condition
 where ended is null
 order by condition for update;

-- name: rejects_since
-- All rejects of some devices for one reason since a minute, and the newest dead letter among them.
select coalesce((select sum(messages) from smartpark.reject_minute
                  where lane = %(lane)s and reason = %(reason)s and minute >= %(started)s
                    and park_id is not distinct from %(park)s
                    and (device_id = any (%(devices)s::text[]) or (device_id is null and %(unknown)s))), 0)::bigint,
       (select dead_letter from smartpark.dead_letter
         where lane = %(lane)s and reason = %(reason)s and park_id is not distinct from %(park)s
           and (device_id = any (%(devices)s::text[]) or (device_id is null and %(unknown)s))
         order by coalesce(last_received, received) desc limit 1);

-- name: messages_since
-- All messages of a device since a minute.
select coalesce(sum(messages), 0)::bigint from smartpark.device_minute
 where lane = %(lane)s and park_id is not distinct from %(park)s and device_id = %(device)s and minute >= %(started)s;

-- name: conflicts_since
-- All contradictions of a device since an instant.
select count(*) from smartpark.conflict c join smartpark.device d using (device)
 where d.park_id = %(park)s and d.device_id = %(device)s and c.kind = %(reason)s and c.received >= %(started)s;

-- name: raise_condition
-- A condition that is new.
insert into smartpark.intake_condition
  (kind, lane, park_id, family, firmware, device_id, reason, started, raised, last, messages, per_minute, devices,
   device_ids, dead_letter)
values (%(kind)s, %(lane)s, %(park)s, %(family)s, %(firmware)s, %(device)s, %(reason)s, %(started)s, %(now)s, %(last)s,
        %(messages)s, %(per_minute)s, %(count)s, %(devices)s, %(dead_letter)s)
returning condition;

-- name: keep_condition
-- How an open condition stands now.
update smartpark.intake_condition
   set last = %(last)s, messages = %(messages)s, per_minute = %(per_minute)s, devices = %(count)s,
       device_ids = %(devices)s, dead_letter = coalesce(%(dead_letter)s, dead_letter)
 where condition = %(condition)s;

-- name: end_condition
-- A condition that is over.
update smartpark.intake_condition set ended = %(now)s where condition = %(condition)s;
