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
-- Its photos, and those of the request that it came from, once each.
select l.photo, l.what, l.at, l.actor, l.media_type, l.size, b.bytes
  from (select distinct on (photo) * from park.photos
         where (subject, number) in (('order', %(order)s), ('request', %(request)s))
         order by photo, at) l
  join park.photo_bytes b using (photo)
 order by l.at, l.photo;

-- name: zone
-- A park's time zone.
select time_zone from park.parks where park_id = %(park)s;

-- name: bundle_calendars
-- When the calendars of its terms were open, over the time that counts, and for what time they are known.
select v.calendar_id as calendar, v.version, p.time_zone as zone, greatest(lower(v.loaded), %(since)s) as since,
       least(upper(v.loaded), %(until)s) as until,
       (select coalesce(array_agg(greatest(lower(s.during), %(since)s) order by s.during), '{}') from park.calendar_spans s
         where (s.park_id, s.calendar_id, s.version) = (v.park_id, v.calendar_id, v.version)
           and s.during && tstzrange(%(since)s, %(until)s)) as opens,
       (select coalesce(array_agg(least(upper(s.during), %(until)s) order by s.during), '{}') from park.calendar_spans s
         where (s.park_id, s.calendar_id, s.version) = (v.park_id, v.calendar_id, v.version)
           and s.during && tstzrange(%(since)s, %(until)s)) as closes
  from unnest(%(calendars)s::text[], %(versions)s::integer[]) as w (calendar_id, version)
  join park.calendar_versions v on v.park_id = %(park)s and v.calendar_id = w.calendar_id and v.version = w.version
  join park.parks p on p.park_id = v.park_id
 order by 1, 2;
