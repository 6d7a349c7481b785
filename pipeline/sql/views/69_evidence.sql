-- What an evidence bundle is made of, beside the order itself.
create view park.audit_heads as
  select hour, made, orders, events, last, root, previous, key, signature from smartpark.audit_head;

-- The newest event of each order; with `event <= n`: as the chains stood then.
create view park.order_hashes as
  select event, work_order, seq, hash from smartpark.work_order_event;
