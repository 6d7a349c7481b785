-- name: quality_figures
-- The figures of each operator position over a span of park time.
select * from park.alarm_quality(%(park)s, %(since)s, %(until)s)

-- name: quality_loads
-- Alarms by bin, and the busiest 10 minutes in it; bins without any are left out.
select position, bin, alarms, peak from park.alarm_loads(%(park)s, %(since)s, %(until)s, %(width)s)

-- name: quality_floods
-- Floods that lie in a span, or partly.
select position, started, ended, alarms from park.alarm_floods
 where park_id = %(park)s and started < %(until)s and (ended is null or ended > %(since)s)
 order by started

-- name: quality_nuisances
-- What alarmed most often at each position, with the terms of its rule.
select n.position, n.alarms, n.last, w.watch, w.rule_id, w.name_zh, w.name_en, w.kind, w.priority, w.life_safety, w.on_delay_s,
       w.off_delay_s, w.respond_s, w.chatter_raises, w.chatter_s, w.low, w.high, w.point, w.point_name, w.unit,
       w.device_id, w.device_zh, w.device_en, w.space_id, w.space_zh, w.space_en, w.watched
  from park.alarm_nuisances(%(park)s, %(since)s, %(until)s, %(most)s) n join park.alarm_watches w using (watch)
 order by n.position, n.place

-- name: quality_turns
-- When the alarms of some watches were raised and returned, by event time.
select watch, action, event_time, to_state, value from park.alarm_turns
 where watch = any (%(watches)s::int[]) and at >= %(since)s and at < %(until)s
 order by watch, event_time, entry

-- name: quality_gaps
-- Between which values a point's good readings lay in each of some spans, ends left out.
select g.n, min(r.value) as low, max(r.value) as high
  from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality g (start, stop, n)
  left join park.readings r on r.point = %(point)s and r.ts >= g.start and r.ts < g.stop and r.quality >= 192 and r.quality < 256
 group by g.n
 order by g.n

-- name: quality_known
-- Since when each position has had rules, and when the engine last looked for floods.
select r.position, r.since, (select e.ran from park.engine_steps e where e.step = 'alarm floods' and e.error is null) as ran
  from park.alarm_rules_since r
 where r.park_id = %(park)s

-- name: quality_silent
-- Whole hours of a span in which nothing was heard.
select silent from park.silent_hours(%(park)s, %(since)s, %(until)s) silent
