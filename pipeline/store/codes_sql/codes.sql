-- name: places_without_code
-- Spaces and devices of a park that have no code in force: those named, or all of a kind.
select 'space' as kind, s.space_id as id, null::integer as device
  from smartpark.space s
 where s.park_id = %(park)s and (%(all_spaces)s::boolean or s.space_id = any (%(places)s::text[]))
   and not exists (select from smartpark.place_code k
                    where k.park_id = s.park_id and k.space_id = s.space_id and k.revoked is null)
union all
select 'device', d.device_id, d.device
  from smartpark.device d
 where d.park_id = %(park)s and not d.retired and not d.provisional
   and (%(all_devices)s::boolean or d.device_id = any (%(places)s::text[]))
   and not exists (select from smartpark.place_code k where k.device = d.device and k.revoked is null)
 order by 1 desc, 2;

-- name: places_known
-- Those of some ids that are a space or a device of a park.
select space_id from smartpark.space where park_id = %(park)s and space_id = any (%(places)s::text[])
union
select device_id from smartpark.device where park_id = %(park)s and device_id = any (%(places)s::text[]) and not retired;

-- name: add_code
-- A code for a space or a device; nothing where somebody was faster, or the code is taken.
insert into smartpark.place_code (code, park_id, space_id, device, made)
values (%(code)s, %(park)s, %(space)s, %(device)s, %(now)s)
on conflict do nothing;

-- name: revoke_codes
-- Codes that hold no longer.
update smartpark.place_code set revoked = %(now)s
 where park_id = %(park)s and code = any (%(codes)s::text[]) and revoked is null
returning code;

-- name: codes_in_force
-- Codes with the names of what they stand for, by building; `building` limits them.
select code, coalesce(device_zh, space_zh) as zh, coalesce(device_en, space_en) as en, building_zh, building_en,
       coalesce(device_id, space_id) as id
  from park.place_codes
 where park_id = %(park)s and revoked is null and (%(building)s::text is null or building_id = %(building)s)
 order by building_id nulls first, device_id nulls first, space_id;
