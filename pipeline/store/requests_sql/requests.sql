-- name: service
-- One service of the catalogue.
select service_id, category, name_zh, name_en, skill, priority, department, paid, days, visitors
  from smartpark.service
 where park_id = %(park)s and service_id = %(service)s and not retired;

-- name: request_of_client
-- What a client made with this id before.
select request, park_id, service_id, words, entered_by from smartpark.service_request where client_id = %(client_id)s;

-- name: lock_client
-- Keeps the same request sent twice at once apart, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended(%(client_id)s::text, 8));

-- name: code_place
-- What a code that is in force stands for, and where that is.
select k.park_id, coalesce(k.space_id, d.space_id) as space_id, k.device
  from smartpark.place_code k left join smartpark.device d using (device)
 where k.code = %(code)s and k.revoked is null;

-- name: device_place
-- A device of a park by its id, with its space.
select device, space_id from smartpark.device where park_id = %(park)s and device_id = %(device)s and not retired;

-- name: space_known
-- Whether a park has a space.
select 1 from smartpark.space where park_id = %(park)s and space_id = %(space)s;

-- name: company_known
-- Whether a park has a company.
select 1 from smartpark.company where park_id = %(park)s and company_id = %(company)s;

-- name: calendar_between
-- What the calendar says of a span of days.
select day, kind from smartpark.calendar_day
 where park_id = %(park)s and day between %(since)s::date and %(until)s::date;

-- name: zone
-- A park's time zone.
select time_zone from smartpark.park where park_id = %(park)s;

-- name: insert_request
-- A new request; its first event follows.
insert into smartpark.service_request (park_id, client_id, service_id, category, company_id, person, channel, entered_by,
  contact, space_id, device, words, state, department, due, created)
values (%(park_id)s, %(client_id)s, %(service_id)s, %(category)s, %(company_id)s, %(person)s, %(channel)s, %(actor)s,
  %(contact)s, %(space_id)s, %(device)s, %(words)s, 'received', %(department)s, %(due)s, %(now)s)
returning request;

-- name: append_event
-- One more event of a request.
insert into smartpark.request_event (request, client_id, at, actor, action, from_state, to_state, reason, detail)
values (%(request)s, %(client_id)s, %(now)s, %(actor)s, %(action)s, %(from_state)s, %(to_state)s, %(reason)s, %(detail)s);

-- name: event_of_client
-- What a client did with this id before.
select request, action from smartpark.request_event where client_id = %(client_id)s;

-- name: lock_order_of
-- The work order of a request, locked before the request: an order's own acts lock in that order too.
select work_order, state from smartpark.work_order
 where work_order = (select work_order from smartpark.service_request where request = %(request)s) for update;

-- name: request_to_act
-- One request, locked.
select q.request, q.park_id, q.service_id, q.category, q.company_id, q.person, q.channel, q.entered_by, q.client_id,
       q.space_id, q.device, q.words, q.state, q.version, q.department, q.due, q.supervised, q.outcome, q.appointment,
       q.work_order, q.created, q.answered, q.closed, v.skill, v.priority, v.paid, v.contractor_id, v.name_zh,
       v.name_en
  from smartpark.service_request q
  join smartpark.service v on v.park_id = q.park_id and v.service_id = q.service_id
 where q.request = %(request)s for update of q;

-- name: change_request
-- Where a request stands after an event; nothing where somebody was faster.
update smartpark.service_request
   set state = %(state)s, version = version + 1, department = %(department)s, supervised = %(supervised)s,
       outcome = %(outcome)s, appointment = %(appointment)s, work_order = %(work_order)s, answered = %(answered)s,
       closed = %(closed)s
 where request = %(request)s and version = %(version)s;

-- name: last_event
-- What was done last to a request.
select action, actor, at, to_state, reason from smartpark.request_event
 where request = %(request)s order by entry desc limit 1;

-- name: departments
-- The departments that a park's catalogue names.
select distinct department from smartpark.service where park_id = %(park)s and department is not null order by 1;

-- name: request_of_order
-- The request that an order came from, locked, and what the order's newest event says.
select q.request, q.state, q.version, q.department, q.supervised, q.outcome, q.appointment, q.work_order, q.answered,
       q.closed, e.actor, e.reason, e.detail, e.happened, o.appointment as order_appointment
  from smartpark.work_order o
  join smartpark.service_request q on q.request = o.request and q.work_order = o.work_order
  join smartpark.work_order_event e on e.work_order = o.work_order and e.seq = o.version
 where o.work_order = %(order)s for update of q;

-- name: add_rating
-- A tenant's stars; nothing where there are some already.
insert into smartpark.rating (request, work_order, company_id, stars, words, at, actor)
values (%(request)s, %(work_order)s, %(company_id)s, %(stars)s, %(words)s, %(now)s, %(actor)s)
on conflict do nothing;

-- name: rating
-- What a request was rated.
select stars, words, actor, at from smartpark.rating where request = %(request)s;

-- name: contact
-- How to reach who asked.
select contact from smartpark.service_request where request = %(request)s;

-- name: lock_source
-- Keeps those apart who come from one address at once, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended(%(source)s::text, 9));

-- name: tries_since
-- How often somebody came from an address without sign-in, and when that began.
select count(*)::integer, min(at) from smartpark.visitor_try
 where source = %(source)s and what = %(what)s and at > %(since)s;

-- name: add_try
-- Somebody came from an address without sign-in.
insert into smartpark.visitor_try (source, what, at) values (%(source)s, %(what)s, %(now)s);

-- name: tie_order
-- The work order that a request became.
update smartpark.service_request set work_order = %(order)s where request = %(request)s;

-- name: order_of_request
-- The work order that a request became, where it did.
select work_order from smartpark.service_request where request = %(request)s;
