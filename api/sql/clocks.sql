-- name: clock_list
-- Devices whose clocks lie, newest first; `ended` those that did, null: both.
select c.device_id, c.family, c.name_zh, c.name_en, b.name_zh as building_zh, b.name_en as building_en, c.gateway_id,
       c.fault, c.offset_s, c.since, c.last_seen, c.count, c.claimed, c.received, c.reason, c.distrusted, c.ended
  from park.device_clocks c
  left join park.spaces b on b.park_id = c.park_id and b.space_id = c.building_id
 where c.park_id = %(park)s
   and (%(device)s::text is null or c.device_id = %(device)s)
   and (%(fault)s::text is null or c.fault = %(fault)s)
   and (%(ended)s::boolean is null or (c.ended is not null) = %(ended)s)
   and (%(before)s::timestamptz is null or (c.since, c.device_id) < (%(before)s, %(before_id)s))
 order by c.since desc, c.device_id desc
 limit %(rows)s

-- name: tile_clocks
-- Devices of which it is known that their clocks lie now; one that sends no time at all does not lie.
select device, fault, offset_s, since
  from park.device_clocks
 where park_id = %(park)s and ended is null and fault <> 'missing'
 order by since desc, device_id
