-- name: plans_of_park
-- A park's plans by their ids, as the desk file says them.
select plan_id, kind, name_zh, name_en, service, skill, priority, space_id, device, every_days, at_times, point, every_count,
       starts, lead_days, expires, contractor_id, retired
  from smartpark.maintenance_plan where park_id = %(park)s;

-- name: put_plan
-- A plan that is new, or was changed. What a certificate says now is not taken back; a counter counts on.
insert into smartpark.maintenance_plan (park_id, plan_id, kind, name_zh, name_en, service, skill, priority, space_id, device,
  every_days, at_times, point, every_count, starts, since, lead_days, expires, contractor_id)
values (%(park)s, %(plan_id)s, %(kind)s, %(name_zh)s, %(name_en)s, %(service)s, %(skill)s, %(priority)s, %(space_id)s,
  %(device)s, %(every_days)s, %(at_times)s, %(point)s, %(every_count)s, %(starts)s, %(now)s, %(lead_days)s, %(expires)s,
  %(contractor_id)s)
on conflict (park_id, plan_id) do update
   set kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en, service = excluded.service,
       skill = excluded.skill, priority = excluded.priority, space_id = excluded.space_id, device = excluded.device,
       every_days = excluded.every_days, at_times = excluded.at_times, point = excluded.point,
       every_count = excluded.every_count, starts = excluded.starts, lead_days = excluded.lead_days,
       expires = excluded.expires, contractor_id = excluded.contractor_id, retired = false,
       counted = case when maintenance_plan.point = excluded.point then maintenance_plan.counted end,
       since = case when maintenance_plan.retired then excluded.since else maintenance_plan.since end;

-- name: drop_slots_ahead
-- Slots that lie ahead and have no order: the plan says anew when it is due.
delete from smartpark.plan_slot s using smartpark.maintenance_plan p
 where p.plan = s.plan and p.park_id = %(park)s and p.plan_id = any (%(ids)s::text[]) and s.work_order is null
   and s.opens > %(now)s;

-- name: retire_plans
-- Plans that are no longer in the desk file.
update smartpark.maintenance_plan set retired = true
 where park_id = %(park)s and not retired and plan_id <> all (%(ids)s::text[]) returning plan_id;

-- name: plan_subjects
-- What plans may name: spaces, contractors, and devices with their points.
select coalesce((select array_agg(space_id) from smartpark.space where park_id = %(park)s), '{}') as spaces,
       coalesce((select array_agg(contractor_id) from smartpark.contractor where park_id = %(park)s), '{}') as contractors;

-- name: plan_device
-- A device and one of its counters.
select d.device, d.space_id, d.name_zh, d.name_en,
       (select p.point from smartpark.point p
         where p.device = d.device and p.name = %(point)s and p.kind = 'counter' and not p.retired) as point
  from smartpark.device d where d.park_id = %(park)s and d.device_id = %(device)s and not d.retired;

-- name: plans_in_force
-- Plans with their park's zone, their newest slot, and what their counter says.
select p.plan, p.park_id, p.plan_id, p.kind, p.every_days, p.at_times, p.every_count, p.counted, p.starts, p.since,
       p.lead_days, p.expires, k.time_zone, (select max(s.due) from smartpark.plan_slot s where s.plan = p.plan) as last,
       l.value, l.ts, l.quality
  from smartpark.maintenance_plan p
  join smartpark.park k using (park_id)
  left join smartpark.latest l on l.point = p.point
 where not p.retired
 order by p.plan;

-- name: add_slots
-- Slots of a plan; one that is there stays.
insert into smartpark.plan_slot (plan, due, opens, count)
select %(plan)s, d, greatest(d - make_interval(days => %(lead)s), %(since)s::timestamptz), %(count)s::double precision
  from unnest(%(dues)s::timestamptz[]) as t (d)
on conflict do nothing;

-- name: set_counted
-- From where a plan's counter counts on; nothing where another engine was faster.
update smartpark.maintenance_plan set counted = %(counted)s
 where plan = %(plan)s and counted is not distinct from %(was)s::double precision;

-- name: slots_to_open
-- Slots whose time has come and that have no order, the oldest first.
select s.plan, s.due from smartpark.plan_slot s join smartpark.maintenance_plan p using (plan)
 where s.work_order is null and s.opens <= %(now)s and not p.retired
 order by s.opens, s.plan limit %(bite)s;

-- name: slot_to_open
-- One of them, locked, with its plan; nothing where another engine has it.
select s.plan, s.due, s.count, p.park_id, p.plan_id, p.kind, p.name_zh, p.name_en, p.service, p.skill, p.priority,
       coalesce(p.space_id, d.space_id) as space_id, p.device, p.contractor_id, p.expires is not null as certificate
  from smartpark.plan_slot s
  join smartpark.maintenance_plan p using (plan)
  left join smartpark.device d on d.device = p.device
 where s.plan = %(plan)s and s.due = %(due)s and s.work_order is null
   for update of s skip locked;

-- name: slot_opened
-- A slot's order.
update smartpark.plan_slot set work_order = %(order)s where plan = %(plan)s and due = %(due)s;

-- name: expired
-- Certificates that have run out: the order of the slot, and whether it was asked for once more already.
select p.plan, s.due, p.expires, o.work_order, o.state, o.priority,
       exists (select from smartpark.work_order w where w.park_id = p.park_id and w.cause = o.cause || ':expired') as again
  from smartpark.maintenance_plan p
  join smartpark.plan_slot s using (plan)
  join smartpark.park k using (park_id)
  join smartpark.work_order o on o.work_order = s.work_order
 where p.expires is not null and not p.retired and s.due <= %(now)s
   and s.due = (p.expires + 1)::timestamp at time zone k.time_zone;

-- name: renewals
-- What finished inspections say of the new certificate, where it stands longer than the old one.
select p.plan, p.park_id, p.plan_id, p.expires, e.detail ->> 'expires' as told, o.work_order
  from smartpark.maintenance_plan p
  join smartpark.work_order o on o.plan = p.plan and o.state in ('confirmed', 'closed')
  join smartpark.work_order_event e on e.work_order = o.work_order and e.action = 'finish'
 where p.expires is not null and e.detail ->> 'expires' > p.expires::text
 order by p.plan, told desc;

-- name: renew
-- A certificate stands until another day.
update smartpark.maintenance_plan set expires = %(expires)s where plan = %(plan)s and expires < %(expires)s::date;

-- name: slot_of_plan
-- One slot with its plan, whether it has an order or not.
select s.plan, s.due, s.count, p.park_id, p.plan_id, p.kind, p.name_zh, p.name_en, p.service, p.skill,
       coalesce(p.space_id, d.space_id) as space_id, p.device, p.contractor_id
  from smartpark.plan_slot s
  join smartpark.maintenance_plan p using (plan)
  left join smartpark.device d on d.device = p.device
 where s.plan = %(plan)s and s.due = %(due)s;
