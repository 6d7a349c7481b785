-- name: mark_chattering
-- Alarms whose watch was raised as often, within as short a time, as its rule calls chattering; within the last hour.
with heard as (
  select distinct a.watch
    from smartpark.alarm_journal j join smartpark.alarm a using (alarm)
   where j.at > %(since)s and j.at <= %(now)s and j.action in ('raise', 'reopen')
), raised as (
  select a.watch, a.alarm, j.entry, j.event_time,
         j.event_time - lag(j.event_time, v.chatter_raises - 1) over (partition by a.watch order by j.event_time, j.entry)
           <= make_interval(secs => v.chatter_s) as chatters
    from heard h
    join smartpark.alarm a on a.watch = h.watch
     and (a.closed is null or a.closed > %(quiet)s::timestamptz - interval '1 hour')
    join smartpark.alarm_rule r on r.rule = a.rule
    join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
    join smartpark.alarm_journal j on j.alarm = a.alarm
   where j.action in ('raise', 'reopen') and j.event_time > %(quiet)s::timestamptz - interval '1 hour'
), found as (
  select distinct on (watch) alarm from raised
   where chatters and event_time > %(quiet)s
   order by watch, event_time desc, entry desc
), locked as (
  select alarm from smartpark.alarm
   where alarm in (select alarm from found) and not chattering
   order by watch, alarm for update
)
update smartpark.alarm a set chattering = true from locked l where a.alarm = l.alarm returning a.alarm;

-- name: clear_chattering
-- Alarms that were not raised for a quiet hour chatter no more.
with locked as (
  select alarm from smartpark.alarm
   where chattering and raised <= %(quiet)s and received <= %(quiet)s
   order by watch, alarm for update
)
update smartpark.alarm a set chattering = false from locked l where a.alarm = l.alarm returning a.alarm;

-- name: annunciations
-- Park time at which each position was shown an alarm, oldest first; equipment's own wear is counted apart.
select a.park_id, a.position, j.at
  from smartpark.alarm_journal j join smartpark.alarm a using (alarm)
 where j.at >= %(since)s and j.at <= %(now)s and j.action in ('raise', 'reopen', 'release')
   and j.to_state = 'unacknowledged' and not a.historic and not a.maintenance
 order by 1, 2, 3;

-- name: alarm_floods_since
-- Floods that are on, and of each position the last that ended since an instant.
select distinct on (park_id, position, ended is null) flood, park_id, position, started, ended, alarms
  from smartpark.alarm_flood
 where ended is null or ended > %(since)s
 order by park_id, position, ended is null, ended desc;

-- name: keep_alarm_flood
-- A flood as it is by now.
update smartpark.alarm_flood set ended = %(ended)s, alarms = %(alarms)s where flood = %(flood)s;

-- name: add_alarm_flood
-- A flood, once.
insert into smartpark.alarm_flood (park_id, position, started, ended, alarms)
values (%(park)s, %(position)s, %(started)s, %(ended)s, %(alarms)s)
on conflict (park_id, position) where ended is null do nothing;
