-- name: people
-- Who works and lives in a park, with what they can do.
select person, login, role, company_id, contractor_id, skills from park.people
 where park_id = %(park)s and active order by login;

-- name: devices
-- The devices of a park, for what goes wrong with them.
select device, device_id, type, space_id from park.devices where park_id = %(park)s order by device_id;

-- name: floors
-- Which company sits on which floor.
select space_id, unnest(company_ids) as company_id from park.spaces where park_id = %(park)s order by 1, 2;

-- name: services
-- The catalogue.
select service_id, category, skill, priority, department, paid, contractor_id from park.services
 where park_id = %(park)s and not retired order by service_id;

-- name: open_quote
-- The quote of a request that awaits an answer.
select quote from park.quotes where request = %(request)s and answer is null;

-- name: order_of
-- The work order of a request.
select work_order from park.requests where request = %(request)s;

-- name: rooms
-- Rooms that can be booked, and whether something sees who is there.
select room_id, opens, closes, point is not null from park.rooms where park_id = %(park)s and not retired order by 1;

-- name: rotas
-- Whether anybody is ever on duty.
select 1 from park.rotas where park_id = %(park)s and not retired limit 1;

-- name: open_orders
-- Orders that somebody has to see to, and who has them.
select work_order, service, skill, priority, origin, state, created, company_id, assignee_login from park.work_orders
 where park_id = %(park)s and state in ('new', 'reopened', 'accepted', 'en_route', 'on_site', 'waiting')
 order by work_order;

-- name: any_order
-- Whether the park has a past at its desk.
select 1 from park.work_orders where park_id = %(park)s limit 1;

-- name: request_state
-- How far a request is, as the tenant's screen shows it.
select state from park.requests where request = %(request)s;

-- name: untaken
-- Orders that nobody has taken, and what they are about.
select work_order, skill, device_id, created, reopenings from park.work_orders
 where park_id = %(park)s and state in ('new', 'reopened') order by work_order;
