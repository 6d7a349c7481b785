-- name: orders
-- What the database says of a park's orders.
select work_order, origin, service, category, skill, priority, space_id, company_id, contractor_id, state, verified, proof,
       reopenings, created, acknowledged, responded, done, closed
  from park.work_orders where park_id = %(park)s and work_order = any (%(orders)s) order by work_order;

-- name: clocks
-- Where its clocks stand.
select work_order, kind, state, target_s, started, due, stopped, spent_s, wall_s, paused_s, breached
  from park.sla_clocks where park_id = %(park)s and work_order = any (%(orders)s) order by work_order, kind;

-- name: actions
-- How often what was done to them, by whom: a person or the system itself.
select action, actor = 'system' as by_system, count(*) from park.work_order_events
 where park_id = %(park)s and work_order = any (%(orders)s) group by 1, 2;

-- name: chains
-- Their events, for the chain of each.
select * from park.work_order_events where park_id = %(park)s and work_order = any (%(orders)s) order by work_order, seq;

-- name: requests
-- What the database says of a park's requests.
select r.request, r.service_id as service, r.category, r.channel, r.company_id as company, r.created,
       r.work_order as "order", r.answered, r.stars, r.rated,
       (select count(*) from park.request_events e where e.request = r.request and e.action = 'transfer') as transfers
  from park.requests r where r.park_id = %(park)s and r.request = any (%(requests)s) order by r.request;

-- name: bookings
-- What it says of rooms that were booked.
select booking, room_id as room, since, until, company_id as company, ended_why as ended from park.bookings
 where park_id = %(park)s and booking = any (%(bookings)s) order by booking;
