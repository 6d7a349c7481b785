-- name: park
-- The park itself.
select park_id, name_zh, name_en, time_zone, crs, lon, lat, address_zh, address_en
  from smartpark.park where park_id = %(park)s;

-- name: park_ids
-- Every park that was applied.
select park_id from smartpark.park order by park_id;

-- name: companies
-- A park's companies.
select company_id, name_zh, name_en from smartpark.company where park_id = %(park)s order by company_id;

-- name: spaces
-- A park's spaces.
select space_id, parent_id, kind, name_zh, name_en, footprint, height_m, level, area_m2, brick_class
  from smartpark.space where park_id = %(park)s order by space_id;

-- name: tenancies
-- Who rents what in a park.
select space_id, company_id from smartpark.tenancy where park_id = %(park)s;

-- name: devices
-- All devices of a park, provisional and retired ones too.
select device_id, family, type, name_zh, name_en, space_id, gateway_id, lon, lat, interval_s, brick_class,
       provisional, retired
  from smartpark.device where park_id = %(park)s order by family, device_id;

-- name: points
-- All points of a park's devices, in the order in which they came to be.
select d.device_id, p.name, p.unit, p.kind, p.low, p.high, p.interval_s, p.brick_class, p.role,
       p.provisional, p.retired
  from smartpark.point p join smartpark.device d using (device)
 where d.park_id = %(park)s order by p.point;

-- name: referred_companies
-- Those of some companies that credentials or access events still name (slow over a long history: no index serves it).
select c.company_id,
       case when exists (select from smartpark.credential k where k.park_id = %(park)s and k.company_id = c.company_id)
            then 'credentials belong to it' else 'access events name it' end as reason
  from unnest(%(companies)s::text[]) as c (company_id)
 where exists (select from smartpark.credential k where k.park_id = %(park)s and k.company_id = c.company_id)
    or exists (select from smartpark.access_event e join smartpark.device d using (device)
                where d.park_id = %(park)s and e.company_id = c.company_id);
