-- name: policies
-- How many days the policies of our relations reach back that retention settings decide (community).
select coalesce(c.view_name, j.hypertable_name) as relation, j.proc_name,
       coalesce(j.config ->> 'drop_after', j.config ->> 'start_offset')::interval as reach
  from timescaledb_information.jobs j
  left join timescaledb_information.continuous_aggregates c
    on c.materialization_hypertable_schema = j.hypertable_schema
   and c.materialization_hypertable_name = j.hypertable_name
 where coalesce(c.view_schema, j.hypertable_schema) = 'smartpark'
   and j.proc_name in ('policy_retention', 'policy_refresh_continuous_aggregate');

-- name: lost_before
-- From when on raw readings are still there, if roll-ups are older: then what was before is in these only (community).
select whole.since
  from (select coalesce(min(range_start), %(now)s::timestamptz) as since
          from timescaledb_information.chunks
         where hypertable_schema = 'smartpark' and hypertable_name = 'reading') whole
 where exists (select from smartpark.rollup_15m r where r.bucket < whole.since);

-- name: drop_retention
-- Ends a retention policy, if there is one (community).
select remove_retention_policy(%(relation)s::regclass, if_exists => true);

-- name: add_retention
-- Chunks that are older than so many days go (community).
select add_retention_policy(%(relation)s::regclass, drop_after => make_interval(days => %(days)s::int));

-- name: drop_refresh
-- Ends a refresh policy, if there is one (community).
select remove_continuous_aggregate_policy(%(relation)s::regclass, if_exists => true);

-- name: add_refresh
-- The net beneath the engine's own refreshes. It ends before the hour that still fills: shown from raw until it closes.
select add_continuous_aggregate_policy(%(relation)s::regclass, start_offset => make_interval(days => %(days)s::int),
  end_offset => interval '2 hours', schedule_interval => interval '1 hour');

-- name: drop_columnstore
-- Ends a columnstore policy, if there is one (community).
call remove_columnstore_policy(%(relation)s::regclass, if_exists => true);

-- name: add_columnstore
-- Chunks that are older than so many days go into the columnstore (community).
call add_columnstore_policy(%(relation)s::regclass, after => make_interval(days => %(days)s::int));
