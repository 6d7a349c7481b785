-- These queries stand on temporary tables that the first of them make; tests/stories/test_torture.py runs them all.

-- name: make_message
-- Every message of the ledger, and whether the broker acknowledged it.
create temporary table message (number bigint primary key, fate text not null, acked boolean not null);

-- name: make_expected_reading
-- One row a reading; ts is null where the received time will stand instead.
create temporary table expected_reading (
  number bigint not null, device_id text not null, name text not null, value double precision not null, ts timestamptz
);

-- name: make_expected_event
-- One row an event, with the mark by which it is found whatever became of its time and identity.
create temporary table expected_event (
  number bigint not null, device_id text not null, kind text not null, what text not null, mark text not null,
  ts timestamptz
);

-- name: make_expected_letter
-- One row a dead letter.
create temporary table expected_letter (number bigint not null, device_id text, reason text not null);

-- name: analyze_expected
-- The planner must know how many there are before it joins them with millions.
analyze message, expected_reading, expected_event, expected_letter;

-- name: find_stored_readings
-- All readings of the park, wherever they ended: in their table, or refused as a contradiction.
create temporary table stored_reading as
select d.device_id, p.name, r.value, r.ts, false as refused
  from smartpark.reading r join smartpark.point p using (point) join smartpark.device d using (device)
 where d.park_id = %(park_id)s
union all
select d.device_id, p.name, c.refused, c.ts, true
  from smartpark.conflict c
  join smartpark.point p on p.point = c.point join smartpark.device d on d.device = p.device
 where d.park_id = %(park_id)s;

-- name: find_stored_events
-- All events likewise; a last will is the broker's word, not a device's.
create temporary table stored_event as
select d.device_id, s.kind, s.what, s.mark, s.ts, s.refused
  from (
    select device, kind, case kind when 'passage' then direction || ':' || count else code::text end as what,
           reader as mark, ts, false as refused
      from smartpark.access_event
    union all
    select device, 'screening', result, reason, ts, false from smartpark.temperature_screening
    union all
    select device, 'status', state, reason, ts, false from smartpark.device_status where reason <> 'last-will'
    union all
    select device, kind, null, coalesce(content -> 'events' -> 0 ->> 'reader', content -> 'events' -> 0 ->> 'reason'),
           null, true
      from smartpark.conflict where identity is not null
  ) s
  join smartpark.device d using (device)
 where d.park_id = %(park_id)s;

-- name: find_parts
-- What was found of each part of each message: stored and refused rows, and those that say something else.
create temporary table part as
select e.number, count(*) filter (where not s.refused) as stored, count(*) filter (where s.refused) as refused,
       count(*) filter (where not s.refused and s.ts <> e.ts) as wrong
  from expected_reading e left join stored_reading s using (device_id, name, value)
 group by e.number, e.device_id, e.name, e.value
union all
select e.number, count(*) filter (where not s.refused), count(*) filter (where s.refused),
       count(*) filter (where not s.refused and (s.kind <> e.kind or s.what <> e.what or s.ts <> e.ts))
  from expected_event e left join stored_event s using (device_id, mark)
 group by e.number;

-- name: judge
-- What became of every message that is no letter; one that only the dispute table knows is a conflict.
create temporary table verdict as
select m.number, m.fate, m.acked, bool_or(p.stored + p.refused = 0) as missing,
       bool_or(p.refused > 0) as refused,
       bool_or(p.wrong > 0 or (p.refused > 0 and m.fate <> 'disputed')) as wrong,
       bool_or(p.stored > 0 and p.refused > 0) as stored_and_refused,
       sum(greatest(p.stored - 1, 0) + greatest(p.refused - 1, 0)) as extra
  from message m join part p using (number)
 group by m.number, m.fate, m.acked;

-- name: totals
-- The figures of readings and events; unidentified messages are counted apart.
select count(*) filter (where acked and fate <> 'unidentified') as sent,
       count(*) filter (where acked and fate <> 'unidentified' and not missing and (not refused or stored_and_refused)) as stored,
       count(*) filter (where acked and fate <> 'unidentified' and not missing and refused and not stored_and_refused) as conflicts,
       count(*) filter (where acked and missing) as lost,
       count(*) filter (where not acked) as in_flight,
       coalesce(sum(extra) filter (where fate <> 'unidentified'), 0)::bigint as duplicates,
       count(*) filter (where wrong) as wrong,
       count(*) filter (where stored_and_refused) as stored_and_refused,
       count(*) filter (where acked and fate = 'unidentified') as unidentified,
       coalesce(sum(extra) filter (where fate = 'unidentified'), 0)::bigint as unidentified_repeats
  from verdict;

-- name: letters
-- Dead letters by device and reason: acknowledged messages that must be one, all that may be, and what was found.
select coalesce(e.device_id, f.device_id), coalesce(e.reason, f.reason), coalesce(acked, 0), coalesce(sent, 0), coalesce(found, 0)
  from (select coalesce(l.device_id, '') as device_id, l.reason, count(*) filter (where m.acked) as acked, count(*) as sent
          from expected_letter l join message m using (number) group by 1, 2) e
  full join (select coalesce(device_id, '') as device_id, reason, count(*) as found
               from smartpark.dead_letter group by 1, 2) f on f.device_id = e.device_id and f.reason = e.reason;

-- name: unexpected
-- The other way round: what nobody sent, among readings and events; and wills stored twice.
select (select count(*) from stored_reading s
         where not exists (select from expected_reading e
                            where e.device_id = s.device_id and e.name = s.name and e.value = s.value))
     + (select count(*) from stored_event s
         where not exists (select from expected_event e where e.device_id = s.device_id and e.mark = s.mark))
     + (select count(*) - count(distinct (device, identity)) from smartpark.device_status where reason = 'last-will');

-- name: behind
-- Points whose latest value is not the newest of their readings.
select count(*)
  from (select point, max(ts) as ts from smartpark.reading group by point) r
  left join smartpark.latest l using (point)
 where l.ts is distinct from r.ts;

-- name: troubled
-- Messages that are missing, doubled or wrong, for a person to look at.
select number, missing, wrong, extra from verdict
 where (acked and missing) or wrong or stored_and_refused or (extra > 0 and fate <> 'unidentified') order by number limit 1000;

-- name: forget
-- Before what is stored is looked at again.
drop table if exists stored_reading, stored_event, part, verdict;

-- name: stored_rows
-- How many rows there are by now, all told: while this grows, more is on its way.
select (select count(*) from smartpark.reading) + (select count(*) from smartpark.access_event)
     + (select count(*) from smartpark.temperature_screening) + (select count(*) from smartpark.device_status)
     + (select count(*) from smartpark.conflict) + (select coalesce(sum(times), 0) from smartpark.dead_letter);
