-- name: orders_told
-- A park's orders by what is due, for who reads them in a terminal.
select o.work_order, o.priority, o.state, o.title_en, o.title_zh, o.space_id, p.login as assignee, o.created, c.due
  from smartpark.work_order o
  left join smartpark.person p on p.person = o.assignee
  left join lateral (select min(k.due) as due from smartpark.sla_clock k
                      where k.work_order = o.work_order and k.state = 'running') c on true
 where o.park_id = %(park)s
   and (%(state)s::text = 'all' or (%(state)s::text = 'open') = (o.state not in ('closed', 'rejected', 'cancelled')))
 order by c.due, o.created, o.work_order limit %(rows)s;

-- name: order_told
-- One of them.
select o.work_order, o.priority, o.state, o.title_en, o.title_zh, o.words, o.origin, o.cause, o.service, o.skill, o.space_id,
       p.login as assignee, o.created, o.verified, o.proof, o.version,
       (select min(k.due) from smartpark.sla_clock k where k.work_order = o.work_order and k.state = 'running') as due
  from smartpark.work_order o left join smartpark.person p on p.person = o.assignee
 where o.work_order = %(order)s;

-- name: events_told
-- What happened to an order.
select seq, at, happened, actor, action, to_state, reason from smartpark.work_order_event
 where work_order = %(order)s order by seq;

-- name: person_told
-- Who has a login.
select person from smartpark.person where login = %(login)s and active;

-- name: plans_told
-- What is planned, each plan with its slots that are ahead or have an order that is open.
select p.plan_id, p.kind, p.name_en, p.name_zh, p.expires, s.due, s.work_order, o.state,
       p.expires is not null and (p.expires + 1)::timestamp at time zone k.time_zone <= %(now)s::timestamptz as expired
  from smartpark.maintenance_plan p
  join smartpark.park k using (park_id)
  left join smartpark.plan_slot s on s.plan = p.plan and s.due <= %(now)s::timestamptz + make_interval(days => %(days)s)
  left join smartpark.work_order o on o.work_order = s.work_order
 where p.park_id = %(park)s and not p.retired
   and (s.plan is null or s.work_order is null or o.state not in ('closed', 'rejected', 'cancelled')
        or s.due = (p.expires + 1)::timestamp at time zone k.time_zone)
 order by expired desc, s.due, p.plan_id;

-- name: place_known
-- Whether a park has such a space or device.
select 1 as known from smartpark.space where park_id = %(park)s and space_id = %(place)s
union all
select 1 from smartpark.device where park_id = %(park)s and device_id = %(place)s;
