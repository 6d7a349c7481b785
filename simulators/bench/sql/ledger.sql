-- What was sent against what is stored. These stand on temporary tables; tests/simulators/test_bench.py runs them all.

-- name: make_tick
-- One row for what one connection sent at one instant: messages first … first + count - 1.
create temporary table if not exists bench_tick (
  ts timestamptz primary key, connection integer not null, first bigint not null, count integer not null
);

-- name: make_slot
-- Where each point is said: by which connection, in which sender's message, as how manieth reading of it.
create temporary table if not exists bench_slot (
  point integer primary key, connection integer not null, slot integer not null, ordinal integer not null,
  senders integer not null
);

-- name: points
-- The points of a park by device and name.
select d.device_id, p.name, p.point
  from smartpark.point p join smartpark.device d on d.device = p.device where d.park_id = %(park)s;

-- name: make_found
-- A view on the readings of the scenario's points within its time, each with the number of its message.
create temporary view bench_found as
select r.ts, r.point, r.value, s.connection, s.ordinal, s.senders,
       t.first + mod(s.slot - mod(t.first, s.senders) + s.senders, s.senders) as n, t.first + t.count as "end"
  from smartpark.reading r
  join bench_slot s on s.point = r.point
  left join bench_tick t on t.ts = r.ts and t.connection = s.connection;

-- name: tally
-- How many readings are stored that were sent, with which values, their checksums, and how many that nobody sent.
select count(*) filter (where sent),
       count(*) filter (where sent and value is distinct from
         (10000 + mod(mod(n, senders * %(versions)s) * %(stride)s + ordinal * %(stride_ordinal)s, %(steps)s))::float8 / 100),
       coalesce(sum(mark) filter (where sent), 0), coalesce(sum(mark * mark) filter (where sent), 0),
       count(*) filter (where not sent)
  from (select value, n, ordinal, senders, coalesce(n < "end", false) as sent,
               mod((n * %(connections)s + connection) * %(readings)s + ordinal, %(modulus)s) as mark
          from bench_found where ts between %(oldest)s and %(newest)s) as found;

-- name: broken
-- Where the tally is not right: messages of which a reading is missing, and rows beyond the first of a reading.
select count(*) filter (where coalesce(f.kinds, 0) < %(readings)s), coalesce(sum(f.rows - f.kinds), 0)::bigint
  from (select connection, first + g as n from bench_tick, generate_series(0, count - 1) as g) as sent
  left join (
    select connection, n, count(*) as rows, count(distinct ordinal) as kinds
      from bench_found where n < "end" and ts between %(oldest)s and %(newest)s group by connection, n
  ) as f using (connection, n);

-- name: latency
-- Milliseconds from publishing to commit, of one reading of every `every`th sender.
select percentile_cont(0.5) within group (order by ms), percentile_cont(0.99) within group (order by ms)
  from (select extract(epoch from pg_xact_commit_timestamp(r.xmin) - r.ts) * 1000 as ms
          from smartpark.reading r join bench_slot s on s.point = r.point
         where s.ordinal = 0 and mod(s.slot, %(every)s) = 0 and r.ts between %(oldest)s and %(newest)s) as delay;

-- name: committed
-- Messages of committed batches after one, how many batches, and repeats and dead letters among them.
select coalesce(sum(messages + dead_letters), 0)::bigint, count(*), coalesce(sum(duplicates), 0)::bigint,
       coalesce(sum(dead_letters), 0)::bigint
  from smartpark.ingest_batch where batch > %(after)s;

-- name: last_batch
-- The newest batch.
select coalesce(max(batch), 0) from smartpark.ingest_batch;

-- name: insert_row
-- What a plain writer does for each reading; bench.inserted is made by simulators/bench/yardsticks.py.
insert into bench.inserted (ts, received, point, quality, value)
values (to_timestamp(%(ms)s::float8 / 1000), to_timestamp(%(ms)s::float8 / 1000), %(point)s, 0, %(value)s)
on conflict (point, ts) do nothing;

-- name: durability
-- What the server says of its own durability.
select current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
       current_setting('wal_sync_method'), current_setting('shared_buffers');

-- name: statements
-- What statements cost by their own account; the extension is there while `--profile` is asked for.
select total_exec_time, calls, rows, regexp_replace(left(query, 160), '\s+', ' ', 'g')
  from pg_stat_statements order by total_exec_time desc limit 25;
