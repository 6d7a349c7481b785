-- name: mark_seen
-- Claims identities; returns those that are new.
insert into smartpark.seen (device, identity, digest, received, reading)
select device, identity, digest, received, reading
  from unnest(%(devices)s::int[], %(identities)s::text[], %(digests)s::bytea[], %(receiveds)s::timestamptz[],
              %(readings)s::boolean[]) as t (device, identity, digest, received, reading)
 order by device, identity
on conflict (device, identity) do nothing
returning device, identity;

-- name: seen_digests
-- The digests of identities that were seen before.
select s.device, s.identity, s.digest
  from smartpark.seen s
  join unnest(%(devices)s::int[], %(identities)s::text[]) as t (device, identity) using (device, identity);

-- name: upsert_latest
-- The newest reading of each point, locked in point order; an older one changes nothing. `before` is where it stood.
insert into smartpark.latest as l (point, ts, received, value, quality)
select point, ts, received, value, quality
  from unnest(%(points)s::int[], %(ts)s::timestamptz[], %(receiveds)s::timestamptz[], %(values)s::float8[],
              %(qualities)s::smallint[]) as t (point, ts, received, value, quality)
 order by point
on conflict (point) do update
  set ts = excluded.ts, received = excluded.received, value = excluded.value, quality = excluded.quality,
      before = l.ts
where l.ts < excluded.ts;

-- name: upsert_liveness
-- When each device was last heard and until when its silence is fine; an older message changes nothing.
insert into smartpark.device_state as s (device, heard, deadline, reason, battery_pct, signal_dbm, firmware)
select device, heard, deadline, reason, battery_pct, signal_dbm, firmware
  from unnest(%(devices)s::int[], %(heards)s::timestamptz[], %(deadlines)s::timestamptz[]) as t (device, heard, deadline)
  left join unnest(%(told)s::int[], %(reasons)s::text[], %(batteries)s::float8[], %(signals)s::float8[],
                   %(firmwares)s::text[]) as s (device, reason, battery_pct, signal_dbm, firmware) using (device)
 order by device
on conflict (device) do update
  set heard = excluded.heard, deadline = excluded.deadline, reason = excluded.reason,
      battery_pct = coalesce(excluded.battery_pct, s.battery_pct),
      signal_dbm = coalesce(excluded.signal_dbm, s.signal_dbm),
      firmware = coalesce(excluded.firmware, s.firmware)
where s.heard is null or s.heard <= excluded.heard;

-- name: keep_wills
-- Devices whose broker sent their last will: their silence is due at once; a will is no sign of life.
update smartpark.device_state s
   set deadline = s.heard, reason = t.reason
  from unnest(%(devices)s::int[], %(receiveds)s::timestamptz[], %(reasons)s::text[]) as t (device, received, reason)
 where s.device = t.device and s.heard <= t.received;

-- name: make_stage
-- Where readings wait while duplicates are about; one per connection.
create temporary table if not exists stage_reading (
  ts timestamptz not null, received timestamptz not null, device_ts timestamptz, point integer not null,
  quality smallint not null, value double precision
) on commit delete rows;

-- name: insert_staged
-- Stores what is new of the staged readings, in key order.
insert into smartpark.reading (ts, received, device_ts, point, quality, value)
select ts, received, device_ts, point, quality, value from stage_reading order by point, ts
on conflict (point, ts) do nothing;

-- name: keep_staged_conflicts
-- Staged readings that are stored already with another value: kept beside what stays; returns how many there were.
with found as materialized (
  select s.point, s.ts, s.received, r.value as kept, s.value as refused
    from stage_reading s
    join smartpark.reading r
      on r.point = s.point and r.ts = s.ts and r.ts between (%(span)s::timestamptz[])[1] and (%(span)s::timestamptz[])[2]
   where r.value is distinct from s.value
), added as (
  insert into smartpark.conflict (device, kind, point, ts, digest, received, kept, refused)
  select p.device, 'reading', f.point, f.ts, coalesce(float8send(f.refused), ''), f.received, f.kept, f.refused
    from found f join smartpark.point p using (point)
  on conflict do nothing
)
select count(*) from found;

-- name: add_message_conflicts
-- Messages that contradict an earlier one of the same identity.
insert into smartpark.conflict (device, kind, identity, digest, received, content)
select device, kind, identity, digest, received, content::jsonb
  from unnest(%(devices)s::int[], %(kinds)s::text[], %(identities)s::text[], %(digests)s::bytea[],
              %(receiveds)s::timestamptz[], %(contents)s::text[])
       as t (device, kind, identity, digest, received, content)
on conflict do nothing;

-- name: add_dead_letters
-- Keeps sealed messages that could not be understood; the same bytes again are counted, not kept twice.
insert into smartpark.dead_letter as l (received, park_id, device_id, lane, reason, detail, sealed, identity)
select received, park_id, device_id, %(lane)s, reason, detail, sealed, identity
  from unnest(%(receiveds)s::timestamptz[], %(parks)s::text[], %(devices)s::text[], %(reasons)s::text[],
              %(details)s::text[], %(sealed)s::bytea[], %(identities)s::bytea[])
       as t (received, park_id, device_id, reason, detail, sealed, identity)
 order by identity
on conflict (identity) do update set times = l.times + 1, last_received = excluded.received
returning xmax = 0 as new;

-- name: add_batch
-- One row a transaction, for the data-health figures.
insert into smartpark.ingest_batch
  (at, lane, messages, readings, events, duplicates, conflicts, dead_letters, unidentified, oldest)
values (%(at)s, %(lane)s, %(messages)s, %(readings)s, %(events)s, %(duplicates)s, %(conflicts)s, %(dead_letters)s,
        %(unidentified)s, %(oldest)s)
returning batch;

-- name: notify
-- Tells whoever listens that something of a kind happened, never what.
select pg_notify('park', %(payload)s);
