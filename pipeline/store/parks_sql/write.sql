-- name: lock
-- One writer of a park's registry at a time, until the transaction ends.
select pg_advisory_xact_lock(%(lock)s, hashtext(%(park)s));

-- name: put_park
-- The park itself.
insert into smartpark.park (park_id, name_zh, name_en, time_zone, crs, lon, lat, address_zh, address_en)
select r.park_id, r.name_zh, r.name_en, r.time_zone, r.crs, r.lon, r.lat, r.address_zh, r.address_en
  from jsonb_to_recordset(%(rows)s::jsonb) as r (
    park_id text, name_zh text, name_en text, time_zone text, crs text, lon double precision, lat double precision,
    address_zh text, address_en text)
on conflict (park_id) do update set
  name_zh = excluded.name_zh, name_en = excluded.name_en, time_zone = excluded.time_zone, crs = excluded.crs,
  lon = excluded.lon, lat = excluded.lat, address_zh = excluded.address_zh, address_en = excluded.address_en;

-- name: put_companies
-- New and changed companies.
insert into smartpark.company (park_id, company_id, name_zh, name_en)
select %(park)s, r.company_id, r.name_zh, r.name_en
  from jsonb_to_recordset(%(rows)s::jsonb) as r (company_id text, name_zh text, name_en text)
on conflict (park_id, company_id) do update set name_zh = excluded.name_zh, name_en = excluded.name_en;

-- name: put_spaces
-- New and changed spaces; parents are checked at the commit.
insert into smartpark.space
  (park_id, space_id, parent_id, kind, name_zh, name_en, footprint, height_m, level, area_m2, brick_class)
select %(park)s, r.space_id, r.parent_id, r.kind, r.name_zh, r.name_en, r.footprint, r.height_m, r.level, r.area_m2,
       r.brick_class
  from jsonb_to_recordset(%(rows)s::jsonb) as r (
    space_id text, parent_id text, kind text, name_zh text, name_en text, footprint jsonb, height_m double precision,
    level integer, area_m2 double precision, brick_class text)
on conflict (park_id, space_id) do update set
  parent_id = excluded.parent_id, kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en,
  footprint = excluded.footprint, height_m = excluded.height_m, level = excluded.level, area_m2 = excluded.area_m2,
  brick_class = excluded.brick_class;

-- name: put_tenancies
-- Who begins to rent what.
insert into smartpark.tenancy (park_id, space_id, company_id)
select %(park)s, r.space_id, r.company_id
  from jsonb_to_recordset(%(rows)s::jsonb) as r (space_id text, company_id text)
on conflict do nothing;

-- name: drop_tenancies
-- Who rents what no longer.
delete from smartpark.tenancy t
 using jsonb_to_recordset(%(rows)s::jsonb) as r (space_id text, company_id text)
 where t.park_id = %(park)s and t.space_id = r.space_id and t.company_id = r.company_id;

-- name: drop_spaces
-- Spaces that nothing refers to.
delete from smartpark.space where park_id = %(park)s and space_id = any(%(ids)s::text[]);

-- name: drop_companies
-- Companies that nothing refers to.
delete from smartpark.company where park_id = %(park)s and company_id = any(%(ids)s::text[]);

-- name: put_devices
-- New and changed devices; a provisional one becomes registered and keeps its key, and with it its data.
insert into smartpark.device
  (park_id, device_id, family, type, name_zh, name_en, space_id, gateway_id, lon, lat, interval_s, brick_class)
select %(park)s, r.device_id, r.family, r.type, r.name_zh, r.name_en, r.space_id, r.gateway_id, r.lon, r.lat,
       r.interval_s, r.brick_class
  from jsonb_to_recordset(%(rows)s::jsonb) as r (
    device_id text, family text, type text, name_zh text, name_en text, space_id text, gateway_id text,
    lon double precision, lat double precision, interval_s double precision, brick_class text)
 order by r.device_id
on conflict (park_id, device_id) do update set
  family = excluded.family, type = excluded.type, name_zh = excluded.name_zh, name_en = excluded.name_en,
  space_id = excluded.space_id, gateway_id = excluded.gateway_id, lon = excluded.lon, lat = excluded.lat,
  interval_s = excluded.interval_s, brick_class = excluded.brick_class, provisional = false, retired = false;

-- name: put_points
-- New and changed points; `ordinal` keeps the file's order.
insert into smartpark.point (device, name, unit, kind, low, high, interval_s, brick_class, role)
select d.device, r.name, r.unit, r.kind, r.low, r.high, r.interval_s, r.brick_class, r.role
  from jsonb_to_recordset(%(rows)s::jsonb) as r (
    device_id text, name text, unit text, kind text, low double precision, high double precision,
    interval_s double precision, brick_class text, role text, ordinal integer)
  join smartpark.device d on d.park_id = %(park)s and d.device_id = r.device_id
 order by r.ordinal
on conflict (device, name) do update set
  unit = excluded.unit, kind = excluded.kind, low = excluded.low, high = excluded.high,
  interval_s = excluded.interval_s, brick_class = excluded.brick_class, role = excluded.role,
  provisional = false, retired = false;

-- name: retire_devices
-- Devices that are no longer described; their history stays.
update smartpark.device set retired = true where park_id = %(park)s and device_id = any(%(ids)s::text[]);

-- name: retire_points
-- Points that are no longer described; their history stays.
update smartpark.point p set retired = true
  from smartpark.device d, jsonb_to_recordset(%(rows)s::jsonb) as r (device_id text, name text)
 where d.device = p.device and d.park_id = %(park)s and d.device_id = r.device_id and p.name = r.name;

-- name: ensure_states
-- Every device of the park has a liveness row; nobody has heard of a new one.
insert into smartpark.device_state (device, since)
select d.device, %(now)s
  from smartpark.device d left join smartpark.device_state s using (device)
 where d.park_id = %(park)s and s.device is null
 order by d.device
on conflict (device) do nothing;

-- name: announce
-- Tells ingest and the live stream that the registry changed.
select pg_notify('park', %(payload)s);
