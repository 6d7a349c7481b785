-- name: lock_cause
-- Keeps two who open an order for the same cause apart, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended(%(park)s || '/' || %(cause)s, 7));

-- name: last_of_cause
-- The newest order of a cause, locked.
select work_order, state, closed, done from smartpark.work_order
 where park_id = %(park)s and cause = %(cause)s order by work_order desc limit 1 for update;

-- name: insert_order
-- A new order; its first event follows.
insert into smartpark.work_order (park_id, origin, cause, service, skill, priority, title_zh, title_en, words, space_id,
  device, point, company_id, contractor_id, alarm, incident, request, plan, state, version, head, terms, verify_s, verified,
  created)
values (%(park_id)s, %(origin)s, %(cause)s, %(service)s, %(skill)s, %(priority)s, %(title_zh)s, %(title_en)s, %(words)s,
  %(space_id)s, %(device)s, %(point)s, %(company_id)s, %(contractor_id)s, %(alarm)s, %(incident)s, %(request)s, %(plan)s,
  'new', 1, %(root)s, %(terms)s, %(verify_s)s, 'open', %(now)s)
returning work_order;

-- name: order_to_act
-- One order, locked.
select work_order, park_id, state, version, head, created, assignee, priority, terms, appointment, waiting_for, verify_s,
       verified, proof, occurrences, reopenings, acknowledged, responded, done, closed, alarm, returned, cause,
       contractor_id
  from smartpark.work_order where work_order = %(order)s for update;

-- name: event_by_client
-- The event that a client made with this id, where there is one.
select e.work_order, e.action, o.cause
  from smartpark.work_order_event e join smartpark.work_order o using (work_order) where e.client_id = %(client_id)s;

-- name: last_event
-- What happened last to an order.
select seq, action, actor, at, happened, to_state, reason from smartpark.work_order_event
 where work_order = %(order)s order by seq desc limit 1;

-- name: append_event
-- One more event of an order.
insert into smartpark.work_order_event (work_order, seq, client_id, action, from_state, to_state, actor, person, at,
  happened, device_time, offset_s, reason, detail, previous, hash)
values (%(work_order)s, %(seq)s, %(client_id)s, %(action)s, %(from_state)s, %(to_state)s, %(actor)s, %(person)s, %(at)s,
  %(happened)s, %(device_time)s, %(offset_s)s, %(reason)s, %(detail)s, %(previous)s, %(hash)s);

-- name: set_head
-- The hash of a new order's first event.
update smartpark.work_order set head = %(head)s where work_order = %(order)s;

-- name: change_order
-- Where an order stands after an event; nothing where somebody was faster.
update smartpark.work_order
   set state = %(state)s, version = %(version)s, head = %(head)s, assignee = %(assignee)s, priority = %(priority)s,
       terms = %(terms)s, appointment = %(appointment)s, waiting_for = %(waiting_for)s, verified = %(verified)s,
       proof = %(proof)s, occurrences = %(occurrences)s, reopenings = %(reopenings)s, acknowledged = %(acknowledged)s,
       responded = %(responded)s, done = %(done)s, closed = %(closed)s, alarm = %(alarm)s,
       returned = %(returned)s, contractor_id = %(contractor_id)s
 where work_order = %(order)s and version = %(was)s;

-- name: open_of_cause
-- Another order that is open for the same cause.
select work_order from smartpark.work_order
 where park_id = %(park_id)s and cause = %(cause)s and work_order <> %(work_order)s
   and state not in ('closed', 'rejected', 'cancelled');

-- name: photos_known
-- Which of these photos a park has.
select photo from smartpark.photo where photo = any (%(photos)s::bytea[]) and park_id = %(park)s;

-- name: link_photos
-- Photos of an order; one that is there already stays as it was.
insert into smartpark.photo_link (photo, subject, number, what, at, actor)
select photo, 'order', %(order)s, %(what)s, %(at)s, %(actor)s from unnest(%(photos)s::bytea[]) as t (photo)
on conflict do nothing;
