-- name: standing_clocks
-- What stands against which clock.
select device, fault, offset_s, since, count, trusted_until
  from smartpark.device_clock
 where ended is null;

-- name: end_clocks
-- Ends what stands against some clocks, unless it began at the instant given (null: whatever stands).
update smartpark.device_clock c
   set ended = %(now)s
  from unnest(%(devices)s::int[], %(sinces)s::timestamptz[]) as t (device, since)
 where c.device = t.device and c.ended is null and c.since is distinct from t.since;

-- name: put_clocks
-- Keeps what stands against some clocks, with a new example.
insert into smartpark.device_clock as c
  (device, since, fault, offset_s, last_seen, count, claimed, received, reason, trusted_until)
select device, since, fault, offset_s, received, count, claimed, received, reason, trusted_until
  from unnest(%(devices)s::int[], %(sinces)s::timestamptz[], %(faults)s::text[], %(offsets)s::float8[],
              %(counts)s::bigint[], %(claims)s::timestamptz[], %(receiveds)s::timestamptz[], %(reasons)s::text[],
              %(untils)s::timestamptz[])
       as t (device, since, fault, offset_s, count, claimed, received, reason, trusted_until)
 order by device
on conflict (device, since) do update
  set fault = excluded.fault, offset_s = excluded.offset_s, last_seen = excluded.last_seen, count = excluded.count,
      claimed = excluded.claimed, received = excluded.received, reason = excluded.reason, ended = null,
      trusted_until = case when excluded.trusted_until is null then null
                           else coalesce(c.trusted_until, excluded.trusted_until) end;

-- name: stored_before
-- Which of these readings (by their place in the list) were stored under the time that they claim.
select t.n
  from unnest(%(points)s::int[], %(ts)s::timestamptz[], %(values)s::float8[]) with ordinality
       as t (point, ts, value, n)
  join smartpark.reading r on r.point = t.point and r.ts = t.ts
   and r.ts between %(oldest)s::timestamptz and %(newest)s::timestamptz
 where r.device_ts is null and r.value is not distinct from t.value;
