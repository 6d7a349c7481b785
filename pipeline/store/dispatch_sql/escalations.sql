-- name: order_to_follow
-- Where an order stands after an event, and its terms.
select state, terms from smartpark.work_order where work_order = %(order)s;

-- name: end_round
-- Nobody needs to be asked any more; what was asked stays.
update smartpark.escalation set ended = %(now)s where work_order = %(order)s and fired is null and ended is null;

-- name: begin_round
-- A new round with its steps.
insert into smartpark.escalation (work_order, round, step, level, due)
select %(order)s, (select coalesce(max(e.round), 0) + 1 from smartpark.escalation e where e.work_order = %(order)s),
       t.step, t.level::smallint, t.due
  from unnest(%(steps)s::int[], %(levels)s::int[], %(dues)s::timestamptz[]) as t (step, level, due);

-- name: due_orders
-- Orders of which a step is due, the longest waiting first.
select distinct on (due, work_order) work_order from smartpark.escalation
 where fired is null and ended is null and due <= %(now)s and work_order <> all (%(seen)s::bigint[])
 order by due, work_order limit %(bite)s;

-- name: order_to_escalate
-- One order with what a message says of it, locked; nothing while somebody acts on it.
select o.work_order, o.park_id, o.state, o.version, o.skill, o.priority, o.title_zh, o.title_en, o.space_id, o.assignee,
       s.name_zh as space_zh, s.name_en as space_en, b.building_zh, b.building_en, k.time_zone,
       (select c.due from smartpark.sla_clock c
         where c.work_order = o.work_order and c.kind = 'acknowledge' and c.state = 'running') as due,
       (select e.action from smartpark.work_order_event e
         where e.work_order = o.work_order and e.action in ('assign', 'reopen') order by e.seq desc limit 1) as came_by
  from smartpark.work_order o
  join smartpark.park k using (park_id)
  left join smartpark.space s on s.park_id = o.park_id and s.space_id = o.space_id
  left join park.space_buildings b on b.park_id = o.park_id and b.space_id = o.space_id and b.building_id <> o.space_id
 where o.work_order = %(order)s for update of o skip locked;

-- name: due_step
-- The first step of an order that is due, with the one after it.
select e.round, e.step, e.level, e.due,
       (select min(n.step) from smartpark.escalation n
         where n.work_order = e.work_order and n.round = e.round and n.step > e.step and n.fired is null and n.ended is null) as after,
       (select count(*) from smartpark.escalation t
         where t.work_order = e.work_order and t.round = e.round and cardinality(t.people) > 0) as told,
       (select min(f.due) from smartpark.escalation f where f.work_order = e.work_order and f.round = e.round) as began
  from smartpark.escalation e
 where e.work_order = %(order)s and e.fired is null and e.ended is null and e.due <= %(now)s
 order by e.due, e.step limit 1;

-- name: fire_step
-- The claim: one step fires once.
update smartpark.escalation set fired = %(now)s, people = %(people)s, why = %(why)s
 where work_order = %(order)s and round = %(round)s and step = %(step)s and fired is null and ended is null;

-- name: bring_forward
-- Nobody was there: the next step is due at once.
update smartpark.escalation set due = %(now)s
 where work_order = %(order)s and round = %(round)s and step = %(step)s and fired is null and ended is null and due > %(now)s;

-- name: logins
-- Who people are, for a journal.
select person, login from smartpark.person where person = any(%(people)s::int[]);

-- name: last_resort
-- Operators and managers of a park who can be reached at all, on duty or not.
select p.person from smartpark.person p
 where p.park_id = %(park)s and p.active and p.role in ('operator', 'manager')
   and exists (select from smartpark.contact c where c.person = p.person)
 order by p.person;

-- name: untold_clocks
-- Thresholds and breaches of clocks of which nobody was told yet, with what a message says of the order.
select v.entry, v.kind, v.what, v.percent, v.at, o.work_order, o.park_id, o.state, o.skill, o.priority, o.title_zh,
       o.title_en, o.space_id, o.assignee, s.name_zh as space_zh, s.name_en as space_en, b.building_zh, b.building_en,
       k.time_zone, c.due
  from smartpark.sla_event v
  join smartpark.work_order o using (work_order)
  join smartpark.park k using (park_id)
  left join smartpark.sla_clock c on c.work_order = v.work_order and c.kind = v.kind
  left join smartpark.space s on s.park_id = o.park_id and s.space_id = o.space_id
  left join park.space_buildings b on b.park_id = o.park_id and b.space_id = o.space_id and b.building_id <> o.space_id
 where v.what in ('threshold', 'breach') and v.recorded > %(since)s and v.recorded <= %(now)s
   and not exists (select from smartpark.told t where t.kind = 'sla' and t.number = v.entry)
 order by v.entry limit %(bite)s;

-- name: untold_pages
-- Alarms that people are to be told of and that opened no order, whose notice nobody was told of yet.
select n.notice, a.alarm, a.park_id, a.priority, a.position, coalesce(a.space_id, d.space_id) as space_id, v.name_zh as title_zh,
       v.name_en as title_en, d.name_zh as device_zh, d.name_en as device_en, s.name_zh as space_zh, s.name_en as space_en,
       b.building_zh, b.building_en, k.time_zone, a.annunciated + make_interval(secs => v.respond_s) as due
  from smartpark.alarm_notice n
  join smartpark.alarm a using (alarm)
  join smartpark.alarm_rule_version v on v.rule = a.rule and v.version = a.version
  join smartpark.park k using (park_id)
  left join smartpark.device d on d.device = a.device
  left join smartpark.space s on s.park_id = a.park_id and s.space_id = coalesce(a.space_id, d.space_id)
  left join park.space_buildings b on b.park_id = s.park_id and b.space_id = s.space_id and b.building_id <> s.space_id
 where n.decision = 'page' and n.work_order is null and n.decided > %(since)s and n.decided <= %(before)s and a.closed is null and not a.acknowledged
   and not exists (select from smartpark.told t where t.kind = 'page' and t.number = n.notice)
   and not exists (select from smartpark.work_order o
                    where o.alarm = a.alarm and o.state not in ('closed', 'rejected', 'cancelled'))
 order by n.notice limit %(bite)s;

-- name: tell_once
-- The claim: of one thing people are told once.
insert into smartpark.told (kind, number, at, people) values (%(kind)s, %(number)s, %(now)s, %(people)s)
on conflict do nothing;
