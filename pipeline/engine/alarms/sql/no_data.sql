-- name: lost_devices
-- Watches whose device is offline, and that do not say so yet; with when it fell silent (or when its last will came), and
-- with what is known of its gateway: whether somebody watches it, and the alarm of its loss.
select w.watch, v.kind, v.spec, v.on_delay_s, v.off_delay_s, v.life_safety, d.park_id, null as unit, d.interval_s,
       s.heard, s.reason as said, s.since as found, least(coalesce(will.at, s.deadline), %(now)s) as fell,
       g.device_id as gateway, gs.state as gateway_state, gs.heard as gateway_heard, gs.deadline as gateway_deadline,
       gs.since as gateway_since, parent.watched as gateway_watched, parent.alarm as parent
  from smartpark.alarm_watch w
  join smartpark.alarm_rule r on r.rule = w.rule and not r.retired
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version and v.enabled
  join smartpark.device d on d.device = w.device and not d.retired
  join smartpark.device_state s on s.device = w.device and s.state = 'offline'
  left join smartpark.alarm_condition c on c.watch = w.watch
  left join lateral (
    select max(t.ts) as at from smartpark.device_status t
     where s.deadline <= s.heard and s.reason = %(will)s and t.device = w.device and t.state = 'offline'
       and t.ts >= s.heard
  ) will on true
  left join smartpark.device g
    on g.park_id = d.park_id and g.device_id = d.gateway_id and g.device <> d.device and not g.retired
  left join smartpark.device_state gs on gs.device = g.device
  left join lateral (
    select count(*) > 0 as watched, min(a.alarm) filter (where a.active) as alarm
      from smartpark.alarm_watch o
      join smartpark.alarm_rule q on q.rule = o.rule and not q.retired
      join smartpark.alarm_rule_version u on u.rule = q.rule and u.version = q.version
      left join smartpark.alarm a on a.watch = o.watch and a.closed is null
     where o.device = g.device and o.point is null and not o.retired and u.kind = 'no-data' and u.enabled
  ) parent on true
 where v.kind = 'no-data' and w.point is null and not w.retired
   and (c.watch is null or c.phase in ('normal', 'clearing')) and w.watch > %(after)s
 order by w.watch limit %(bite)s;

-- name: found_devices
-- Watches whose device is online, and that do not say so yet.
select w.watch, v.kind, v.spec, v.on_delay_s, v.off_delay_s, null as unit, s.heard, s.reason as said
  from smartpark.alarm_condition c
  join smartpark.alarm_watch w on w.watch = c.watch and not w.retired
  join smartpark.alarm_rule r on r.rule = w.rule and not r.retired
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version and v.enabled
  join smartpark.device_state s on s.device = w.device and s.state = 'online'
 where c.phase in ('pending', 'active') and v.kind = 'no-data' and w.point is null and w.watch > %(after)s
 order by w.watch limit %(bite)s;

-- name: silent_points
-- Watches whose point's newest reading is older than its rule lets it be, while its device was heard since; and that do
-- not say so yet.
select w.watch, v.kind, v.spec, v.on_delay_s, v.off_delay_s, null as unit, l.received as heard,
       'point-silent' as said, due.at as fell
  from smartpark.alarm_rule r
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version and v.enabled and v.kind = 'no-data'
  join smartpark.alarm_watch w on w.rule = r.rule and w.point is not null and not w.retired
  join smartpark.point p on p.point = w.point and not p.retired
  join smartpark.device d on d.device = w.device and not d.retired
  join smartpark.latest l on l.point = w.point
  join smartpark.device_state s on s.device = w.device and s.state = 'online'
  left join smartpark.alarm_condition c on c.watch = w.watch
 cross join lateral (
    select l.received + (v.spec ->> 'intervals')::float8 * coalesce(p.interval_s, d.interval_s) * interval '1 second' as at
  ) due
 where not r.retired and due.at <= %(now)s and s.heard >= due.at
   and (c.watch is null or c.phase in ('normal', 'clearing')) and w.watch > %(after)s
 order by w.watch limit %(bite)s;

-- name: found_points
-- Watches whose point has a newer reading than the one that its silence was counted from, and that do not say so yet.
select w.watch, v.kind, v.spec, v.on_delay_s, v.off_delay_s, null as unit, l.received as heard, null as said
  from smartpark.alarm_condition c
  join smartpark.alarm_watch w on w.watch = c.watch and not w.retired
  join smartpark.alarm_rule r on r.rule = w.rule and not r.retired
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version and v.enabled
  join smartpark.point p on p.point = w.point
  join smartpark.device d on d.device = w.device
  join smartpark.latest l on l.point = w.point
 cross join lateral (
    select l.received + (v.spec ->> 'intervals')::float8 * coalesce(p.interval_s, d.interval_s) * interval '1 second' as at
  ) due
 where c.phase in ('pending', 'active') and v.kind = 'no-data' and due.at > %(now)s and w.watch > %(after)s
 order by w.watch limit %(bite)s;
