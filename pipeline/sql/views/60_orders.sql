-- Work orders as screens, figures and the simulator's ground truth read them: with names, and who has them.
create view park.work_orders as
  select o.work_order, o.park_id, o.origin, o.cause, o.service, v.category, v.name_zh as service_zh, v.name_en as service_en,
         o.skill, o.priority, o.title_zh, o.title_en, o.words, o.space_id, s.name_zh as space_zh, s.name_en as space_en,
         b.building_id, b.building_zh, b.building_en, d.device_id, d.name_zh as device_zh, d.name_en as device_en, o.point,
         o.company_id, c.name_zh as company_zh, c.name_en as company_en, o.contractor_id, k.name_zh as contractor_zh,
         k.name_en as contractor_en, o.alarm, o.incident, o.request, o.plan, o.state, o.version, o.assignee,
         p.login as assignee_login, p.name as assignee_name, o.terms, o.appointment, o.waiting_for, o.verify_s, o.verified,
         o.proof, o.occurrences, o.reopenings, o.created, o.acknowledged, o.responded, o.done, o.closed, o.returned
    from smartpark.work_order o
    left join smartpark.service v on v.park_id = o.park_id and v.service_id = o.service
    left join smartpark.space s on s.park_id = o.park_id and s.space_id = o.space_id
    left join park.space_buildings b on b.park_id = o.park_id and b.space_id = o.space_id
    left join smartpark.device d on d.device = o.device
    left join smartpark.company c on c.park_id = o.park_id and c.company_id = o.company_id
    left join smartpark.contractor k on k.park_id = o.park_id and k.contractor_id = o.contractor_id
    left join smartpark.person p on p.person = o.assignee;

create view park.work_order_events as
  select e.event, o.park_id, e.work_order, e.seq, e.client_id, e.action, e.from_state, e.to_state, e.actor, e.person, e.at,
         e.happened, e.device_time, e.offset_s, e.reason, e.detail, e.previous, e.hash
    from smartpark.work_order_event e join smartpark.work_order o using (work_order);

-- The alarms that an order is for: the one that opened it, and those that joined it.
create view park.order_alarms as
  select o.park_id, o.work_order, o.alarm from smartpark.work_order o where o.alarm is not null
  union
  select a.park_id, n.work_order, n.alarm
    from smartpark.alarm_notice n join smartpark.alarm a using (alarm) where n.work_order is not null;

-- Each space with itself and all that it lies in.
create view park.spaces_above as
  with recursive up as (
    select park_id, space_id, space_id as above, parent_id from smartpark.space
    union all
    select up.park_id, up.space_id, s.space_id, s.parent_id
      from up join smartpark.space s on s.park_id = up.park_id and s.space_id = up.parent_id
  )
  select park_id, space_id, above from up;

-- To whom an order is offered: who was told of it; and, while they are on duty for its skill and place, everybody in a
-- rota, or who comes instead (during: then). Somebody may have taken it since: state says so.
create view park.order_offers as
  select o.park_id, o.work_order, o.state, t.person, null::tstzrange as during
    from smartpark.work_order o
    join smartpark.escalation e on e.work_order = o.work_order
    cross join lateral unnest(e.people) as t (person)
  union all
  select o.park_id, o.work_order, o.state, t.person, t.during
    from smartpark.work_order o
    join smartpark.rota r on r.park_id = o.park_id and not r.retired and (o.skill = any (r.skills) or '*' = any (r.skills))
    join (select park_id, rota_id, person, during from smartpark.shift
          union all
          select park_id, rota_id, instead, during from smartpark.shift_change
           where instead is not null and cancelled is null) t on t.park_id = r.park_id and t.rota_id = r.rota_id
   where r.space_id is null
      or exists (select from park.spaces_above a
                  where a.park_id = o.park_id and a.space_id = o.space_id and a.above = r.space_id);

-- Planned work and certificates. expired: its order says so too, as P2.
create view park.maintenance_plans as
  select p.plan, p.park_id, p.plan_id, p.kind, p.name_zh, p.name_en, p.service, p.skill, p.priority, p.space_id, d.device_id,
         p.every_days, p.at_times, t.name as point, p.every_count, p.counted, p.starts, p.since, p.lead_days, p.expires,
         p.contractor_id, p.retired
    from smartpark.maintenance_plan p
    left join smartpark.device d on d.device = p.device
    left join smartpark.point t on t.point = p.point;

create view park.plan_slots as
  select p.park_id, s.plan, p.plan_id, s.due, s.opens, s.count, s.work_order, o.state
    from smartpark.plan_slot s
    join smartpark.maintenance_plan p using (plan)
    left join smartpark.work_order o using (work_order);

create view park.photos as
  select l.subject, l.number, l.what, l.at, l.actor, l.photo, p.park_id, p.media_type, p.size
    from smartpark.photo_link l join smartpark.photo p using (photo);
create view park.photo_bytes as select photo, park_id, media_type, bytes from smartpark.photo;

-- Where a gate let in somebody whose badge shows that they are on site; nobody's way but theirs, and only while the day lasts.
create view park.badge_sightings as
  select b.person, d.park_id, d.device_id, s.building_id, e.ts
    from smartpark.badge_day b
    join smartpark.access_event e on e.subject = b.subject
    join smartpark.device d using (device)
    left join park.space_buildings s on s.park_id = d.park_id and s.space_id = d.space_id
   where e.kind = 'passage' or (e.kind = 'decision' and e.code = 1);  -- AccessEventCode.GRANTED
