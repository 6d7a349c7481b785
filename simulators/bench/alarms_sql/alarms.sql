-- name: retire_rules
-- Turns all rules off, or on again.
update smartpark.alarm_rule set retired = %(retired)s;

-- name: announce
-- Collectors read rules again.
select pg_notify('park', %(payload)s);

-- name: turns
-- Every raise of the bench's alarms: alarm, the device, when it was raised, and when that was committed to be seen.
select j.alarm, d.device_id, j.event_time, j.action
  from smartpark.alarm_journal j
  join smartpark.alarm a using (alarm)
  join smartpark.device d using (device)
 where j.action in ('raise', 'reopen')
 order by j.entry;

-- name: twice
-- Watches with more than one open alarm.
select count(*) from (
  select watch from smartpark.alarm where closed is null group by watch having count(*) > 1) as doubled;
