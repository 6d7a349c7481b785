-- name: order_list
-- Work orders by mode: open ones by what is due, then age; else the newest first. A page ends with s1, s2 and number.
with due as (
  select c.work_order, min(c.due) as due from park.sla_clocks c
   where c.park_id = %(park)s and c.state = 'running' group by c.work_order
), chosen as (  -- names are looked up for the page alone
  select o.work_order,
         case %(mode)s when 'open' then coalesce((extract(epoch from d.due) * 1000000)::bigint, 4000000000000000000)
                       when 'ended' then -(extract(epoch from coalesce(o.closed, o.created)) * 1000000)::bigint
                       else -(extract(epoch from o.created) * 1000000)::bigint end as s1,
         case %(mode)s when 'open' then (extract(epoch from o.created) * 1000000)::bigint else 0 end as s2
    from park.work_orders o
    left join due d on d.work_order = o.work_order
   where o.park_id = %(park)s
     and (%(mode)s = 'all' or (%(mode)s = 'open') = (o.state not in ('closed', 'rejected', 'cancelled')))
     and (%(company_only)s::text is null or (o.company_id = %(company_only)s and o.request is not null))
     and (%(person)s::integer is null or o.assignee = %(person)s
          or o.work_order in (select f.work_order from park.order_offers f
                               where f.person = %(person)s and f.state in ('new', 'reopened')
                                 and (f.during is null or f.during @> %(now)s::timestamptz)))
     and (%(priority)s::text[] is null or o.priority = any (%(priority)s))
     and (%(service)s::text is null or o.service = %(service)s)
     and (%(origin)s::text is null or o.origin = %(origin)s)
     and (%(company)s::text is null or o.company_id = %(company)s)
     and (%(assignee)s::text is null or o.assignee_login = %(assignee)s)
     and (%(space)s::text is null
          or o.space_id in (select a.space_id from park.spaces_above a
                             where a.park_id = %(park)s and a.above = %(space)s))
     and (%(overdue)s::boolean is null or %(overdue)s = coalesce(d.due <= %(now)s, false))
), page as materialized (
  select * from (
    select work_order, s1, s2, case %(mode)s when 'open' then work_order else -work_order end as s3 from chosen
  ) c
   where %(s1)s::bigint is null or (s1, s2, s3) > (%(s1)s::bigint, %(s2)s::bigint, %(s3)s::bigint)
   order by s1, s2, s3 limit %(rows)s
)
select o.*, page.s1, page.s2 from page join park.work_orders o using (work_order) order by s1, s2, s3;

-- name: order_row
-- One work order.
select * from park.work_orders where work_order = %(order)s;

-- name: order_offered
-- Whether an order is, or was, offered to a person.
select exists (select from park.order_offers f
                where f.work_order = %(order)s and f.person = %(person)s
                  and (f.during is null or f.during @> %(now)s::timestamptz)) as offered;

-- name: order_clocks
-- The clocks of some orders.
select * from park.sla_clocks where work_order = any (%(orders)s)
 order by work_order, array_position(array['acknowledge', 'respond', 'restore'], kind);

-- name: order_events
-- What happened to an order.
select * from park.work_order_events where work_order = %(order)s order by seq;

-- name: order_photos
-- Its photos, and those of the request that it came from, once each.
select encode(photo, 'hex') as photo, what, at, actor
  from (select distinct on (photo) photo, what, at, actor from park.photos
         where (subject = 'order' and number = %(order)s) or (subject = 'request' and number = %(request)s::bigint)
         order by photo, at) shown
 order by at, shown.photo;

-- name: order_sla_events
-- What its clocks said.
select * from park.sla_events where work_order = %(order)s order by entry;

-- name: order_alarms
-- The alarms that an order is for.
select alarm from park.order_alarms where work_order = %(order)s order by alarm;

-- name: order_service
-- A service of the catalogue, as an order takes it.
select service_id, skill, priority, name_zh, name_en from park.services
 where park_id = %(park)s and service_id = %(service)s and not retired;

-- name: order_services
-- What services there are.
select service_id as id from park.services where park_id = %(park)s and not retired order by place;

-- name: order_device
-- Where a device is.
select device, space_id from park.devices where park_id = %(park)s and device_id = %(device)s;

-- name: order_person
-- Who can be given an order.
select person, login, name, role from park.people where login = %(login)s and park_id = %(park)s and active;

-- name: order_company
-- Whether there is such a tenant.
select company_id from park.companies where park_id = %(park)s and company_id = %(company)s;

-- name: order_site
-- The places whose code or tag proves that somebody is at an order, the smallest first, with what is around them.
select s.space_id, s.footprint, p.crs
  from park.work_orders o
  join park.spaces_above a on a.park_id = o.park_id and a.space_id = o.space_id
  join park.spaces s on s.park_id = o.park_id and s.space_id = a.above
  join park.parks p on p.park_id = o.park_id
 where o.work_order = %(order)s and (s.kind <> 'site' or s.space_id = o.space_id)
 order by s.kind = 'site', s.kind = 'building', s.kind = 'floor';

-- name: order_sighting
-- The gate of an order's building that let a person in, nearest to when they say that they arrived.
select v.device_id, v.ts
  from park.work_orders o
  join park.badge_sightings v on v.park_id = o.park_id and v.building_id = o.building_id
 where o.work_order = %(order)s and v.person = %(person)s
   and v.ts between %(at)s::timestamptz - interval '15 minutes' and %(at)s::timestamptz + interval '2 minutes'
 order by abs(extract(epoch from v.ts - %(at)s::timestamptz)) limit 1;

-- name: plan_list
-- A park's plans that are in force: what has run out first, then by what is due next.
select p.*, s.next, o.work_order,
       coalesce(p.expires is not null and (p.expires + 1)::timestamp at time zone k.time_zone <= %(now)s::timestamptz, false)
         as expired
  from park.maintenance_plans p
  join park.parks k on k.park_id = p.park_id
  left join lateral (select min(t.due) as next from park.plan_slots t
                      where t.plan = p.plan and t.due > %(now)s::timestamptz) s on true
  left join lateral (select max(t.work_order) as work_order from park.plan_slots t
                      where t.plan = p.plan and t.state not in ('closed', 'rejected', 'cancelled')) o on true
 where p.park_id = %(park)s and not p.retired
 order by expired desc, s.next, p.plan_id;
