-- name: alarms
-- Every alarm with its first raise, and whether people were told of it.
select a.alarm, r.rule_id as rule, d.device_id as device, p.name as point, a.historic, a.occurrences, a.incident,
       first.event_time as raised, first.at as told,
       exists (select from smartpark.alarm_notice n where n.alarm = a.alarm and n.decision = 'page') as paged
  from smartpark.alarm a
  join smartpark.alarm_rule r using (rule)
  left join smartpark.device d on d.device = a.device
  left join smartpark.point p on p.point = a.point
  join lateral (
    select j.event_time, j.at from smartpark.alarm_journal j
     where j.alarm = a.alarm and j.action in ('raise', 'record') order by j.entry limit 1
  ) first on true
 order by a.alarm;

-- name: slowest_batch
-- The longest time between the arrival of a message and its commit, in park seconds.
select coalesce(max(extract(epoch from at - oldest)), 0)::float8 from smartpark.ingest_batch where at >= %(since)s;

-- name: failing_steps
-- What the engine's steps said the last time that they failed.
select step, error from smartpark.engine_step where error is not null order by step;

-- name: waiting_alarms
-- Alarms before people that nobody has seen yet.
select alarm from smartpark.alarm
 where closed is null and not acknowledged and hold is null and annunciated <= %(before)s
 order by watch;

-- name: latched_alarms
-- Alarms whose condition is over, that were seen, and that a person must reset.
select alarm from smartpark.alarm where closed is null and state = 'latched-acknowledged' order by watch;
