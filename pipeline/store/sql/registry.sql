-- name: devices
-- Every device with what ingest must know of it.
select park_id, device_id, device, interval_s from smartpark.device;

-- name: points
-- Every point with its plausible range.
select device, name, point, low, high from smartpark.point;

-- name: suspects
-- Devices whose readings came with an untrusted time not long ago: their repeats are looked up by identity.
select distinct device from smartpark.seen where reading;

-- name: add_provisional_devices
-- Keeps devices that nobody registered.
insert into smartpark.device (park_id, device_id, family, provisional, first_seen)
select park_id, device_id, family, true, %(now)s
  from unnest(%(parks)s::text[], %(devices)s::text[], %(families)s::text[]) as t (park_id, device_id, family)
 order by park_id, device_id
on conflict (park_id, device_id) do nothing;

-- name: find_devices
-- The keys of some devices, by name.
select d.park_id, d.device_id, d.device, d.interval_s
  from smartpark.device d
  join unnest(%(parks)s::text[], %(devices)s::text[]) as t (park_id, device_id) using (park_id, device_id);

-- name: add_provisional_points
-- Keeps points that nobody registered, on any device.
insert into smartpark.point (device, name, unit, kind, provisional)
select device, name, unit, 'gauge', true
  from unnest(%(devices)s::int[], %(names)s::text[], %(units)s::text[]) as t (device, name, unit)
 order by device, name
on conflict (device, name) do nothing;

-- name: find_points
-- The keys of some points, by device and name.
select p.device, p.name, p.point, p.low, p.high
  from smartpark.point p
  join unnest(%(devices)s::int[], %(names)s::text[]) as t (device, name) using (device, name);
