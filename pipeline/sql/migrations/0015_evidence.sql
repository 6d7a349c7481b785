-- Signed heads: hour by hour the root over the newest hash of every work order, so that nothing can be changed, removed or
-- cut off unseen. A file outside the database holds the same lines, and the key is in neither.
create table smartpark.audit_head (
  hour      timestamptz primary key,
  made      timestamptz not null,
  orders    bigint not null,
  events    bigint not null,
  last      bigint not null,          -- newest event that it covers
  root      text not null,            -- hex: Merkle root over (order, seq, hash) by order
  previous  text not null,            -- hex: sha256 of the line before; of the first: 64 zeros
  key       text not null,            -- fingerprint of the public key
  signature text not null             -- hex: Ed25519 over the line without this
);
create trigger audit_head_append_only before update or delete or truncate on smartpark.audit_head
  for each statement execute function smartpark.refuse_order_change();
