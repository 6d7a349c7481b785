-- name: alarm_list
-- Alarms of a park by the event time at which they were raised, newest first; `space` includes everything below it.
with recursive below as (
  select space_id from park.spaces where park_id = %(park)s and space_id = %(space)s
  union
  select s.space_id from park.spaces s join below b on s.parent_id = b.space_id where s.park_id = %(park)s
)
select a.*,
       (select jsonb_build_object('decision', n.decision, 'reason', n.reason, 'at', coalesce(n.decided, n.at))
          from park.alarm_notices n where n.alarm = a.alarm order by n.notice desc limit 1) as notice
  from park.alarms a
 where a.park_id = %(park)s
   and (%(open)s::boolean is null or (a.closed is null) = %(open)s)
   and (%(historic)s::boolean is null or a.historic = %(historic)s)
   and (%(priorities)s::text[] is null or a.priority = any (%(priorities)s))
   and (%(position)s::text is null or a.position = %(position)s)
   and (%(device)s::text is null or a.device_id = %(device)s)
   and (%(space)s::text is null or a.space_id in (select space_id from below))
   and (%(rule)s::text is null or a.rule_id = %(rule)s)
   and (%(incident)s::bigint is null or a.incident = %(incident)s)
   and (%(since)s::timestamptz is null or a.raised >= %(since)s)
   and (%(until)s::timestamptz is null or a.raised < %(until)s)
   and (%(before)s::timestamptz is null or (a.raised, a.alarm) < (%(before)s, %(before_alarm)s::bigint))
 order by a.raised desc, a.alarm desc
 limit %(rows)s

-- name: alarm_row
-- One alarm of any park.
select a.*,
       (select jsonb_build_object('decision', n.decision, 'reason', n.reason, 'at', coalesce(n.decided, n.at))
          from park.alarm_notices n where n.alarm = a.alarm order by n.notice desc limit 1) as notice
  from park.alarms a
 where a.alarm = %(alarm)s

-- name: alarm_journal
-- All that happened to an alarm, oldest first; of one that chatters, the newest thousand.
select at, event_time, received, actor, action, from_state, to_state, reason, detail
  from (select * from park.alarm_journal where alarm = %(alarm)s order by entry desc limit 1000) newest
 order by entry

-- name: alarm_rules_known
-- The rules that alarms of a park name.
select distinct rule_id as id
  from park.alarms
 where park_id = %(park)s
 order by 1

-- name: hold_list
-- What keeps alarms from people, newest first; `ended` those that are over, null: both.
select hold, kind, rule_id, rule_zh, rule_en, device_id, device_zh, device_en, point_name, space_id, space_zh, space_en,
       alarm, parent, reason, owner, set_by, set_at, until, ended, ended_by
  from park.alarm_holds
 where park_id = %(park)s
   and (%(kind)s::text is null or kind = %(kind)s)
   and (%(device)s::text is null or device_id = %(device)s)
   and (%(ended)s::boolean is null or (ended is not null) = %(ended)s)
   and (%(after)s::bigint is null or hold < %(after)s)
 order by hold desc
 limit %(rows)s

-- name: maintenance_list
-- Maintenance windows, newest first; `over`: ended by themselves or cancelled, null: all.
select maintenance, device_id, device_zh, device_en, space_id, space_zh, space_en, starts, ends, reason, set_by, set_at,
       cancelled, cancelled is null and starts <= %(now)s and ends > %(now)s as in_force
  from park.maintenance_windows
 where (%(park)s::text is null or park_id = %(park)s)
   and (%(over)s::boolean is null or (cancelled is not null or ends <= %(now)s) = %(over)s)
   and (%(maintenance)s::bigint is null or maintenance = %(maintenance)s)
   and (%(after)s::bigint is null or maintenance < %(after)s)
 order by maintenance desc
 limit %(rows)s

-- name: tile_alarm_counts
-- Open alarms by priority and what people see of them.
select priority, hold is not null as held, active, acknowledged, count(*) as n
  from park.open_alarms
 where park_id = %(park)s
 group by 1, 2, 3, 4

-- name: tile_alarms
-- Open alarms to be seen, the most urgent first; of an open incident only the first, but danger always by itself.
select a.*,
       (select jsonb_build_object('decision', n.decision, 'reason', n.reason, 'at', coalesce(n.decided, n.at))
          from park.alarm_notices n where n.alarm = a.alarm order by n.notice desc limit 1) as notice
  from park.alarms a
 where a.alarm = any (array(
         select alarm
           from (select o.*, row_number() over (
                          partition by case when o.life_safety or o.priority = 'critical' then -o.alarm
                                            else coalesce(o.incident, -o.alarm) end
                          order by array_position(array['critical', 'high', 'medium', 'low'], o.priority), o.acknowledged,
                                   o.raised desc, o.alarm desc) as nth
                   from park.open_alarms o
                  where o.park_id = %(park)s and o.hold is null) ranked
          where nth = 1
          order by life_safety desc, array_position(array['critical', 'high', 'medium', 'low'], priority), acknowledged,
                   raised desc, alarm desc
          limit %(rows)s))
 order by a.life_safety desc, array_position(array['critical', 'high', 'medium', 'low'], a.priority), a.acknowledged,
          a.raised desc, a.alarm desc

-- name: tile_incidents
-- What several open alarms share, and how many of them are open.
select incident, cause, name_zh, name_en, alarms, opened, "open", unacknowledged
  from park.incidents
 where park_id = %(park)s and closed is null and "open" > 0
 order by opened desc
 limit 20

-- name: tile_alarm_places
-- The worst open alarm of each building, and how many there are.
select b.building_id,
       (array['critical', 'high', 'medium', 'low'])
         [min(array_position(array['critical', 'high', 'medium', 'low'], a.priority))] as priority,
       count(*) as alarms
  from park.open_alarms a
  join park.space_buildings b using (park_id, space_id)
 where a.park_id = %(park)s and a.hold is null
 group by 1
 order by 1

-- name: tile_floods
-- Operator positions that are flooded now.
select position, started, alarms
  from park.alarm_floods
 where park_id = %(park)s and ended is null
 order by started

-- name: tile_alarms_judged
-- Up to when readings and events were judged, and up to when the engine looked; null where it never did, or fails.
select (select at from park.ingest_batches order by batch desc limit 1) as ingest,
       (select case when bool_and(error is null) then min(ran) end from park.engine_steps
         where step in ('silence', 'lost devices', 'alarm deadlines')) as engine

-- name: incident_list
-- Alarms that share a cause, newest first; `closed` those that are over, null: both.
select incident, cause, device_id, space_id, rule_id, name_zh, name_en, root, opened, last, alarms, open, unacknowledged,
       priority, life_safety, closed
  from park.incidents
 where park_id = %(park)s
   and (%(closed)s::boolean is null or (closed is not null) = %(closed)s)
   and (%(after)s::bigint is null or incident < %(after)s)
 order by incident desc
 limit %(rows)s
