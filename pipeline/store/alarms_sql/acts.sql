-- name: alarms_to_act
-- Alarms that a person acts on, open or closed, locked in order of their watches.
select alarm, watch, park_id, device, state, active, acknowledged, latches, hold, life_safety, closed, seen_at, seen_by
  from smartpark.alarm
 where alarm = any (%(alarms)s::bigint[])
 order by watch, alarm for update;

-- name: lock_beside
-- The open alarms of an alarm's device, with that alarm, locked in order of their watches.
select alarm from smartpark.alarm
 where alarm = %(alarm)s
    or (closed is null and device = (select device from smartpark.alarm where alarm = %(alarm)s))
 order by watch, alarm for update;

-- name: last_act
-- What a person did last to an alarm.
select actor, action, at, reason
  from smartpark.alarm_journal
 where alarm = %(alarm)s and actor <> 'system'
 order by entry desc limit 1;

-- name: holds_over
-- What keeps an alarm of this watch or device now, the strongest first.
select hold, kind, parent, device, set_by, until
  from smartpark.alarm_hold
 where (watch = %(watch)s or device = %(device)s) and ended is null and (until is null or until > %(now)s)
 order by array_position(array['out-of-service', 'suppressed', 'shelved'], kind), hold;

-- name: hold_to_end
-- One hold.
select hold, kind, park_id, parent, ended, ended_by
  from smartpark.alarm_hold
 where hold = %(hold)s;

-- name: place_of_work
-- Whether a park, a device and a space of it are known, and the device's number; what was not asked for is known.
select exists (select from smartpark.park where park_id = %(park)s) as park,
       %(device)s::text is null
         or exists (select from smartpark.device where park_id = %(park)s and device_id = %(device)s) as device_known,
       %(space)s::text is null
         or exists (select from smartpark.space where park_id = %(park)s and space_id = %(space)s) as space_known,
       (select device from smartpark.device where park_id = %(park)s and device_id = %(device)s) as device;

-- name: add_maintenance
-- A maintenance window.
insert into smartpark.maintenance_window (park_id, device, space_id, starts, ends, reason, set_by, set_at)
values (%(park)s, %(device)s, %(space)s, %(starts)s, %(ends)s, %(reason)s, %(by)s, %(now)s)
returning maintenance;

-- name: cancel_maintenance
-- A window that is not over ends now; with what it was.
update smartpark.maintenance_window set cancelled = %(now)s
 where maintenance = %(maintenance)s and cancelled is null and ends > %(now)s
returning park_id;

-- name: maintenance_known
-- What a window is.
select cancelled, ends
  from smartpark.maintenance_window
 where maintenance = %(maintenance)s;

-- name: alarms_told
-- Alarms for a terminal: one by its number, or a park's, newest first.
select alarm, park_id, rule_id, rule_en, rule_zh, priority, state, coalesce(device_id, space_id) as subject, point_name as point,
       device_id, space_id, building_id, raised, returned, closed, seen_by, seen_at, hold, historic, value, unit, reason,
       cause, consequence, response, respond_by
  from park.alarms
 where (%(alarms)s::bigint[] is null or alarm = any (%(alarms)s))
   and (%(park)s::text is null or park_id = %(park)s)
   and (%(open)s::boolean is null or (closed is null) = %(open)s)
   and (%(priority)s::text is null or priority = %(priority)s)
   and (%(device)s::text is null or device_id = %(device)s)
 order by raised desc, alarm desc
 limit %(rows)s;

-- name: journal_told
-- All that happened to an alarm.
select at, event_time, actor, action, from_state, to_state, reason
  from park.alarm_journal
 where alarm = %(alarm)s
 order by entry;

-- name: maintenance_told
-- Maintenance windows that are not over, or one by its number.
select maintenance, park_id, device_id, space_id, starts, ends, reason, set_by, cancelled
  from park.maintenance_windows
 where (%(maintenance)s::bigint is null and cancelled is null and ends > %(now)s) or maintenance = %(maintenance)s
 order by starts, maintenance;
