-- name: bundle_order
-- The order with the names of its time.
select * from park.work_orders where work_order = %(order)s;

-- name: bundle_events
-- Its chain.
select work_order, seq, client_id, action, from_state, to_state, actor, person, at, happened, device_time, offset_s, reason,
       detail, previous, hash, event
  from park.work_order_events where work_order = %(order)s order by seq;

-- name: bundle_clocks
-- Its clocks as they stand.
select kind, state, target_s, started, due, stopped, spent_s, wall_s, paused_s, breached, provisional
  from park.sla_clocks where work_order = %(order)s order by array_position(array['acknowledge', 'respond', 'restore'], kind);

-- name: bundle_sla_events
-- What its clocks said, and when it was written.
select kind, what, percent, at, recorded, detail from park.sla_events where work_order = %(order)s order by entry;

-- name: bundle_alarm
-- The alarm that it came from.
select alarm, rule_id, rule_zh, rule_en, version, kind, priority, device_id, point_name, unit, space_id, began, raised, received,
       returned, closed, occurrences, value, reason
  from park.alarms where alarm = %(alarm)s;

-- name: bundle_journal
-- What happened to that alarm.
select at, event_time, received, actor, action, from_state, to_state, reason
  from park.alarm_journal where alarm = %(alarm)s order by entry;

-- name: bundle_point
-- The point that had to be normal again.
select device_id, name, unit from park.points where point = %(point)s;

-- name: bundle_readings
-- What the point said before, meanwhile and after; the last so many.
select ts, received, value, quality from (
  select ts, received, value, quality from park.readings
   where point = %(point)s and ts >= %(since)s and ts <= %(until)s order by ts desc limit %(most)s
) r order by ts;

-- name: count_readings
-- How many that are in all.
select count(*) from park.readings where point = %(point)s and ts >= %(since)s and ts <= %(until)s;

-- name: bundle_photos
-- Its photos, and those of the request that it came from.
select l.photo, l.what, l.at, l.actor, l.media_type, l.size, b.bytes
  from park.photos l join park.photo_bytes b using (photo)
 where (l.subject, l.number) in (('order', %(order)s), ('request', %(request)s))
 order by l.at, l.photo;

-- name: zone
-- A park's time zone.
select time_zone from park.parks where park_id = %(park)s;
