-- name: seed_orders
-- Open orders that differ in when they were opened, each with its first event and the clocks of a model, moved in time.
with made as (
  insert into smartpark.work_order (park_id, origin, cause, service, skill, priority, title_zh, title_en, state, version,
    head, terms, verified, created)
  select %(park)s, 'staff', 'staff:' || gen_random_uuid(), 'repair', 'hvac', 'P3', '压测', 'Bench', 'new', 1, %(root)s,
         %(terms)s, 'open', c.at
    from unnest(%(created)s::timestamptz[]) as c (at)
  returning work_order, created
), told as (
  insert into smartpark.work_order_event (work_order, seq, client_id, action, to_state, actor, at, happened, detail,
    previous, hash)
  select work_order, 1, gen_random_uuid(), 'open', 'new', 'bench', created, created,
         jsonb_build_object('terms', %(terms)s::jsonb), %(root)s, %(root)s from made
)
insert into smartpark.sla_clock (work_order, kind, state, target_s, started, due, upto, ladder, ladder_at, next)
select m.work_order, k.kind, 'running', k.target_s, m.created, m.created + make_interval(secs => k.target_s), 1,
       %(percents)s::double precision[], l.at, l.at[1]
  from made m
 cross join unnest(%(kinds)s::text[], %(targets)s::double precision[]) as k (kind, target_s)
 cross join lateral (select array_agg(m.created + make_interval(secs => k.target_s * p / 100) order by p) as at
                       from unnest(%(percents)s::double precision[]) as p) as l;

-- name: open_clocks
-- How many clocks run.
select count(*) from smartpark.sla_clock where state in ('running', 'paused');

-- name: some_orders
-- Some of the orders, for a look at whether their clocks are what they would be derived to be.
select work_order from smartpark.work_order order by work_order %% 997, work_order limit %(limit)s;

-- name: clocks_of
-- The clocks of an order as they stand.
select kind, state, target_s, started, due, ladder, ladder_at, next, upto from smartpark.sla_clock
 where work_order = %(order)s order by kind;

-- name: told_since
-- What was told of one threshold's instant, of how many clocks, and by how many connections.
select count(*), count(distinct (work_order, kind)) from smartpark.sla_event
 where at = %(at)s and what = 'threshold';

-- name: wrongly_told
-- What was told before it was so.
select count(*) from smartpark.sla_event where at > recorded;

-- name: slowest_steps
-- What took longest of the newest pass, in milliseconds.
select step, round((seconds * 1000)::numeric, 1)::double precision from smartpark.engine_step
 where ran = %(now)s order by seconds desc limit 5;
