-- name: clocks_to_derive
-- The clocks of an order, locked in the order of kind.
select kind, state from smartpark.sla_clock where work_order = %(order)s order by kind for update;

-- name: order_facts
-- Where an order is, and since when there is it.
select park_id, created from smartpark.work_order where work_order = %(order)s;

-- name: order_events
-- All events of an order, as far as clocks care.
select seq, action, to_state, happened, reason, detail from smartpark.work_order_event
 where work_order = %(order)s order by seq;

-- name: order_said
-- What the clocks of an order have said.
select kind, what, percent, at, detail from smartpark.sla_event where work_order = %(order)s order by entry;

-- name: say
-- One more thing that a clock says.
insert into smartpark.sla_event (work_order, kind, what, percent, at, recorded, seq, detail)
values (%(order)s, %(kind)s, %(what)s, %(percent)s, %(at)s, %(now)s, %(seq)s, %(detail)s);

-- name: put_clocks
-- Where the clocks of an order stand.
with told as (
  select t.*, array(select value::double precision from jsonb_array_elements_text(t.ladder -> 'p') with ordinality as p
                     order by p.ordinality) as percents,
         array(select value::timestamptz from jsonb_array_elements_text(t.ladder -> 'at') with ordinality as p
                order by p.ordinality) as instants
    from unnest(%(kind)s::text[], %(state)s::text[], %(target_s)s::double precision[], %(started)s::timestamptz[],
                %(due)s::timestamptz[], %(stopped)s::timestamptz[], %(spent_s)s::double precision[],
                %(wall_s)s::double precision[], %(paused_s)s::double precision[], %(breached)s::timestamptz[],
                %(provisional)s::boolean[], %(upto)s::integer[], %(resumes)s::timestamptz[], %(fault)s::text[],
                %(ladders)s::jsonb[])
      as t (kind, state, target_s, started, due, stopped, spent_s, wall_s, paused_s, breached, provisional, upto,
            resumes, fault, ladder)
)
insert into smartpark.sla_clock as c (work_order, kind, state, target_s, started, due, stopped, spent_s, wall_s,
  paused_s, breached, provisional, upto, resumes, ladder, ladder_at, next, fault)
select %(order)s, kind, state, target_s, started, due, stopped, spent_s, wall_s, paused_s, breached, provisional, upto,
       resumes, percents, instants, least(resumes, instants[1]), fault
  from told
on conflict (work_order, kind) do update
   set state = excluded.state, target_s = excluded.target_s, due = excluded.due, stopped = excluded.stopped,
       spent_s = excluded.spent_s, wall_s = excluded.wall_s, paused_s = excluded.paused_s, breached = excluded.breached,
       provisional = excluded.provisional, upto = excluded.upto, resumes = excluded.resumes, ladder = excluded.ladder,
       ladder_at = excluded.ladder_at, next = excluded.next, fault = excluded.fault;

-- name: fire
-- Tells what is due of some clocks, oldest first, each once: who moves `next` has told it. What happened while nobody
-- looked is told with the instant at which it was so.
with due as (
  select work_order, kind, ladder, ladder_at from smartpark.sla_clock
   where next <= %(now)s and (resumes is null or resumes > %(now)s)
   order by next limit %(limit)s for update skip locked
), reached as (
  select d.work_order, d.kind, count(*) filter (where l.at <= %(now)s) as steps,
         min(l.at) filter (where l.percent = 100 and l.at <= %(now)s) as breached
    from due d cross join lateral unnest(d.ladder, d.ladder_at) as l (percent, at)
   group by d.work_order, d.kind
), moved as (
  update smartpark.sla_clock c
     set ladder = c.ladder[r.steps + 1:], ladder_at = c.ladder_at[r.steps + 1:],
         next = least(c.resumes, c.ladder_at[r.steps + 1]), breached = coalesce(c.breached, r.breached)
    from reached r where c.work_order = r.work_order and c.kind = r.kind
  returning c.work_order, c.kind, c.upto
), said as (
  insert into smartpark.sla_event (work_order, kind, what, percent, at, recorded, seq)
  select m.work_order, m.kind, case l.percent when 100 then 'breach' else 'threshold' end, l.percent, l.at, %(now)s,
         m.upto
    from moved m join due d using (work_order, kind) cross join lateral unnest(d.ladder, d.ladder_at) as l (percent, at)
   where l.at <= %(now)s
   order by l.at
  returning work_order
), told as (
  select pg_notify('park', 'order:' || work_order) from (select distinct work_order from said) as one
)
select (select count(*) from moved), (select count(*) from said), (select count(*) from told);

-- name: pauses_over
-- Orders with a clock whose pause has used up what it may stop, from one number on.
select distinct work_order from smartpark.sla_clock
 where resumes <= %(now)s and next <= %(now)s and work_order > %(after)s
 order by work_order limit %(limit)s;

-- name: faulty
-- Orders with a clock that lacks a figure, from one number on.
select distinct work_order from smartpark.sla_clock where fault is not null and work_order > %(after)s
   and state in ('running', 'paused')
 order by work_order limit %(limit)s;
