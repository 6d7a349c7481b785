-- name: newest_event
-- The newest event there is; taken while nobody writes, so that none with a smaller number can still appear.
select coalesce(max(event), 0) from smartpark.work_order_event;

-- name: leaves
-- The newest event of each order up to an event, by order.
select distinct on (work_order) work_order, seq, hash from park.order_hashes
 where event <= %(last)s order by work_order, seq desc;

-- name: count_events
-- How many events there are up to one.
select count(*) from park.order_hashes where event <= %(last)s;

-- name: last_head
-- The newest head.
select hour, made, orders, events, last, root, previous, key, signature from park.audit_heads order by hour desc limit 1;

-- name: heads
-- All heads after an hour, oldest first.
select hour, made, orders, events, last, root, previous, key, signature from park.audit_heads
 where %(after)s::timestamptz is null or hour > %(after)s order by hour;

-- name: covering_head
-- The first head that covers an event.
select hour, made, orders, events, last, root, previous, key, signature from park.audit_heads
 where last >= %(event)s order by hour limit 1;

-- name: add_head
-- One more head, unless another engine was faster.
insert into smartpark.audit_head (hour, made, orders, events, last, root, previous, key, signature)
values (%(hour)s, %(made)s, %(orders)s, %(events)s, %(last)s, %(root)s, %(previous)s, %(key)s, %(signature)s)
on conflict do nothing;

-- name: chains
-- All events, chain by chain.
select work_order, seq, client_id, action, from_state, to_state, actor, person, at, happened, device_time, offset_s, reason,
       detail, previous, hash
  from smartpark.work_order_event order by work_order, seq;

-- name: orders
-- What each order says of its own chain.
select work_order, version, head, state from smartpark.work_order order by work_order;

-- name: order_hashes
-- Every event's hash, in the order in which they were written.
select event, work_order, seq, hash from park.order_hashes order by event;
