-- name: park_row
-- One park.
select park_id, name_zh, name_en, time_zone, crs, lon, lat, address_zh, address_en
  from park.parks
 where park_id = %(park)s

-- name: park_list
-- All parks.
select park_id, name_zh, name_en, time_zone, crs, lon, lat, address_zh, address_en
  from park.parks
 order by park_id

-- name: park_known
-- Whether a park was applied, or a device ever named it.
select exists (select from park.parks where park_id = %(park)s)
    or exists (select from park.devices where park_id = %(park)s) as known

-- name: space_list
-- All spaces of a park, from the site down.
select space_id, parent_id, kind, name_zh, name_en, footprint, height_m, level, area_m2, brick_class, company_ids
  from park.spaces
 where park_id = %(park)s
   and (%(kind)s::text is null or kind = %(kind)s)
 order by array_position(array['site', 'building', 'floor', 'zone'], kind), parent_id nulls first, level, space_id

-- name: company_list
-- The companies of a park with the spaces that they rent.
select c.company_id, c.name_zh, c.name_en,
       coalesce((select array_agg(s.space_id order by s.space_id) from park.spaces s
                  where s.park_id = c.park_id and c.company_id = any (s.company_ids)), '{}') as space_ids
  from park.companies c
 where c.park_id = %(park)s
 order by c.company_id

-- name: device_list
-- Devices of a park by id, filtered; `space` stands for itself and everything below it.
with recursive below as (
  select space_id from park.spaces where park_id = %(park)s and space_id = %(space)s
  union
  select s.space_id from park.spaces s join below b on s.parent_id = b.space_id where s.park_id = %(park)s
)
select device, device_id, family, type, name_zh, name_en, space_id, building_id, gateway_id, lon, lat, interval_s,
       brick_class, provisional, retired, first_seen, state, state_since, state_reason, heard, battery_pct,
       signal_dbm, firmware
  from park.devices
 where park_id = %(park)s
   and retired = %(retired)s
   and (%(family)s::text is null or family = %(family)s)
   and (%(type)s::text is null or type = %(type)s)
   and (%(space)s::text is null or space_id in (select space_id from below))
   and (%(building)s::text is null or building_id = %(building)s)
   and (%(gateway)s::text is null or gateway_id = %(gateway)s)
   and (%(state)s::text is null or state = %(state)s)
   and (%(provisional)s::boolean is null or provisional = %(provisional)s)
   and (%(q)s::text is null
        or position(lower(%(q)s) in lower(concat_ws(chr(10), device_id, name_zh, name_en))) > 0)
   and (%(after)s::text is null or device_id > %(after)s)
 order by device_id
 limit %(rows)s

-- name: device_row
-- One device.
select device, device_id, family, type, name_zh, name_en, space_id, building_id, gateway_id, lon, lat, interval_s,
       brick_class, provisional, retired, first_seen, state, state_since, state_reason, heard, battery_pct,
       signal_dbm, firmware
  from park.devices
 where park_id = %(park)s and device_id = %(device)s

-- name: point_list
-- Points of a park by device and name with their newest readings, filtered. A time that was never claimed is no doubt.
select point, device_id, family, name, unit, kind, low, high, interval_s, brick_class, role, provisional, retired,
       ts, received, value,
       case when p.quality = 66
             and exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null)
            then 192 else p.quality end as quality
  from park.points p
 where park_id = %(park)s
   and retired = %(retired)s
   and (%(device)s::text is null or device_id = %(device)s)
   and (%(family)s::text is null or family = %(family)s)
   and (%(name)s::text is null or name = %(name)s)
   and (%(role)s::text is null or role = %(role)s)
   and (%(after_device)s::text is null or (device_id, name) > (%(after_device)s, %(after_name)s))
 order by device_id, name
 limit %(rows)s

-- name: point_row
-- One point by its number.
select park_id, point, device_id, family, name, unit, kind, low, high, interval_s, brick_class, role, provisional,
       retired, ts, received, value,
       case when p.quality = 66
             and exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null)
            then 192 else p.quality end as quality
  from park.points p
 where point = %(point)s

-- name: point_by_name
-- One point by device and name.
select park_id, point, device_id, family, name, unit, kind, low, high, interval_s, brick_class, role, provisional,
       retired, ts, received, value,
       case when p.quality = 66
             and exists (select from park.readings r where r.point = p.point and r.ts = p.ts and r.device_ts is null)
            then 192 else p.quality end as quality
  from park.points p
 where park_id = %(park)s and device_id = %(device)s and name = %(name)s

-- name: point_names
-- The names of a device's points.
select name
  from park.points
 where park_id = %(park)s and device_id = %(device)s
 order by name

-- name: device_keys
-- The devices that events are asked of: (small integer, id, names, building), retired ones included.
select d.device, d.device_id, d.name_zh, d.name_en, d.family, d.building_id,
       b.name_zh as building_zh, b.name_en as building_en
  from park.devices d
  left join park.spaces b on b.park_id = d.park_id and b.space_id = d.building_id
 where d.park_id = %(park)s
   and (%(device)s::text is null or d.device_id = %(device)s)
   and (%(building)s::text is null or d.building_id = %(building)s)
   and (%(family)s::text is null or d.family = %(family)s)

-- name: known_ids
-- What a filter could have named: all spaces, buildings, gateways or devices of a park.
select space_id as id
  from park.spaces
 where park_id = %(park)s and (%(what)s = 'space' or (%(what)s = 'building' and kind in ('building', 'site')))
union
select device_id
  from park.devices
 where park_id = %(park)s and (%(what)s = 'device' or (%(what)s = 'gateway' and family = 'gateway'))
union
select gateway_id
  from park.devices
 where park_id = %(park)s and %(what)s = 'gateway' and gateway_id is not null
 order by 1

-- name: schema_version
-- Version and edition of the schema.
select max(version) as version, min(edition) as edition
  from park.schema_version
