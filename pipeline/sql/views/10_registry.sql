-- The park as it is known: spaces, companies, devices with their liveness, points with their newest reading.
create view park.parks as
  select park_id, name_zh, name_en, time_zone, crs, lon, lat, address_zh, address_en from smartpark.park;

create view park.companies as
  select park_id, company_id, name_zh, name_en from smartpark.company;

create view park.spaces as
  select s.park_id, s.space_id, s.parent_id, s.kind, s.name_zh, s.name_en, s.footprint, s.height_m, s.level,
         s.area_m2, s.brick_class,
         coalesce((select array_agg(t.company_id order by t.company_id) from smartpark.tenancy t
                    where t.park_id = s.park_id and t.space_id = s.space_id), '{}') as company_ids
    from smartpark.space s;

-- building_id: the building or site that a device's space lies in (its own space where it is one).
create view park.devices as
  with recursive up as (
    select park_id, space_id, space_id as at_id, parent_id, kind from smartpark.space
    union all
    select up.park_id, up.space_id, s.space_id, s.parent_id, s.kind
      from up join smartpark.space s on s.park_id = up.park_id and s.space_id = up.parent_id
     where up.kind not in ('building', 'site')
  )
  select d.device, d.park_id, d.device_id, d.family, d.type, d.name_zh, d.name_en, d.space_id,
         up.at_id as building_id, d.gateway_id, d.lon, d.lat, d.interval_s, d.brick_class, d.provisional, d.retired,
         d.first_seen, coalesce(s.state, 'unknown') as state, s.since as state_since, s.heard, s.deadline,
         s.reason as state_reason, s.battery_pct, s.signal_dbm, s.firmware
    from smartpark.device d
    left join smartpark.device_state s using (device)
    left join up on up.park_id = d.park_id and up.space_id = d.space_id and up.kind in ('building', 'site');

create view park.points as
  select p.point, d.park_id, d.device_id, d.device, d.family, p.name, p.unit, p.kind, p.low, p.high,
         coalesce(p.interval_s, d.interval_s) as interval_s, p.brick_class, p.role, p.provisional, p.retired,
         l.ts, l.received, l.value, l.quality
    from smartpark.point p
    join smartpark.device d using (device)
    left join smartpark.latest l using (point);
