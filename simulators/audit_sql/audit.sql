-- These queries stand on temporary tables that the first of them make; tests/simulators/test_audit.py runs them all.

-- name: make_expected_reading
-- What the journal says must be stored: one row a reading.
create temporary table expected_reading (
  message bigint not null, run integer not null, device_id text not null, name text not null, ts timestamptz not null,
  value double precision
) on commit drop;

-- name: make_expected_event
-- One row an event.
create temporary table expected_event (
  message bigint not null, device_id text not null, identity text not null, kind text not null, what text not null
) on commit drop;

-- name: make_sent
-- One row a message: when it was first published, and whether the broker took it.
create temporary table sent (message bigint primary key, at timestamptz not null, acked boolean not null) on commit drop;

-- name: analyze_expected
-- The planner must know how many there are before it joins them with millions.
analyze expected_reading, expected_event, sent;

-- name: find_readings
-- Every expected reading with the rows that were found for it: how many, how many of them with its value, when.
create temporary table found on commit drop as
select e.message, count(r.ts) as rows,
       count(*) filter (where r.ts is not null and r.value is not distinct from e.value) as right_rows,
       max(case when %(timed)s then pg_xact_commit_timestamp(r.xmin) end) as committed
  from expected_reading e
  left join smartpark.device d on d.park_id = %(park_id)s and d.device_id = e.device_id
  left join smartpark.point p on p.device = d.device and p.name = e.name
  left join smartpark.reading r on r.point = p.point and r.ts = e.ts
       and r.ts between %(oldest)s and %(newest)s
 group by e.message, e.device_id, e.name, e.ts, e.value;

-- name: find_events
-- Every expected event likewise, by (device, identity); it is right where it says the same.
insert into found
select e.message, count(s.device), count(*) filter (where s.kind = e.kind and s.what = e.what), max(s.committed)
  from expected_event e
  left join smartpark.device d on d.park_id = %(park_id)s and d.device_id = e.device_id
  left join (
    select device, identity, kind, case when %(timed)s then pg_xact_commit_timestamp(xmin) end as committed,
           case kind when 'passage' then direction || ':' || count else code::text end as what
      from smartpark.access_event
    union all
    select device, identity, 'screening', case when %(timed)s then pg_xact_commit_timestamp(xmin) end, result from smartpark.temperature_screening
    union all
    select device, identity, 'status', case when %(timed)s then pg_xact_commit_timestamp(xmin) end, state from smartpark.device_status
  ) s on s.device = d.device and s.identity = e.identity
 group by e.message, e.device_id, e.identity;

-- name: judge
-- A message is stored when all its parts are, each exactly once or more; what is more than once is a duplicate.
select count(*) filter (where acked) as published,
       count(*) filter (where acked and whole) as stored,
       count(*) filter (where acked and not whole) as lost,
       count(*) filter (where not acked) as in_flight,
       coalesce(sum(extra), 0)::bigint as duplicates,
       coalesce(sum(wrong), 0)::bigint as wrong,
       percentile_cont(0.5) within group (order by latency_ms) as p50,
       percentile_cont(0.99) within group (order by latency_ms) as p99
  from (
    select s.message, s.acked, bool_and(f.right_rows > 0) as whole, sum(greatest(f.rows - 1, 0)) as extra,
           count(*) filter (where f.rows > f.right_rows) as wrong,
           extract(epoch from max(f.committed) - s.at) * 1000 as latency_ms
      from sent s join found f using (message)
     group by s.message, s.acked, s.at
  ) as message;

-- name: unexpected_readings
-- The other way round: readings of journaled devices, from within the time that a run covers, that no run published.
-- A clock that is wrong on purpose (a scenario's) makes readings whose time is the collector's, and which nobody can name.
select count(*)
  from (select run, min(ts) as oldest, max(ts) as newest from expected_reading group by run) as span
  join (select distinct run, device_id, name from expected_reading) as spoke using (run)
  join smartpark.device d on d.park_id = %(park_id)s and d.device_id = spoke.device_id
  join smartpark.point p on p.device = d.device and p.name = spoke.name
  join smartpark.reading r on r.point = p.point and r.ts between span.oldest and span.newest and r.quality <> 66
 where not exists (select from expected_reading e where e.device_id = spoke.device_id and e.name = spoke.name and e.ts = r.ts);

-- name: lost_messages
-- Some of what is missing, for a person to look at.
select s.message from sent s join found f using (message)
 where s.acked group by s.message having not bool_and(f.right_rows > 0) order by s.message limit 20;

-- name: dead_letters_since
-- Dead letters of this park, or of nobody known, since the journal began.
select count(*) from smartpark.dead_letter where received >= %(since)s and coalesce(park_id, %(park_id)s) = %(park_id)s;

-- name: tracks_commits
-- Whether the server can say when a row was committed.
select current_setting('track_commit_timestamp') = 'on';
