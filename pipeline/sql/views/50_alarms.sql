-- The building or site that each space lies in (itself, where it is one).
create view park.space_buildings as
  with recursive up as (
    select park_id, space_id, space_id as at_id, parent_id, kind, name_zh, name_en from smartpark.space
    union all
    select up.park_id, up.space_id, s.space_id, s.parent_id, s.kind, s.name_zh, s.name_en
      from up join smartpark.space s on s.park_id = up.park_id and s.space_id = up.parent_id
     where up.kind not in ('building', 'site')
  )
  select park_id, space_id, at_id as building_id, name_zh as building_zh, name_en as building_en
    from up
   where kind in ('building', 'site');

-- Alarms with the texts and terms of the rule's version that raised them, what they are about, and what their point says
-- now. A subject that was retired since keeps its names.
create view park.alarms as
  select a.alarm, a.park_id, a.watch, r.rule_id, v.name_zh as rule_zh, v.name_en as rule_en, a.version, v.kind, a.priority,
         a.position, a.life_safety, a.maintenance, a.latches, a.state, a.active, a.acknowledged, a.hold,
         case when a.point is not null then 'point' when a.device is not null then 'device' else 'space' end as subject,
         a.device, d.device_id, d.family, d.name_zh as device_zh, d.name_en as device_en, a.point, p.name as point_name,
         p.unit, s.space_id, s.name_zh as space_zh, s.name_en as space_en, b.building_id, b.building_zh,
         b.building_en,
         a.began, a.raised, a.received, a.annunciated, a.returned, a.seen_at, a.seen_by, a.closed, a.historic,
         a.occurrences, a.chattering, a.value, l.value as current_value, l.ts as current_ts, l.quality as current_quality,
         a.reason, v.spec -> 'cause' as cause, v.spec -> 'consequence' as consequence, v.spec -> 'response' as response,
         v.respond_s, a.annunciated + make_interval(secs => v.respond_s) as respond_by, a.incident
    from smartpark.alarm a
    join smartpark.alarm_rule r using (rule)
    join smartpark.alarm_rule_version v on v.rule = a.rule and v.version = a.version
    left join smartpark.device d on d.device = a.device
    left join smartpark.point p on p.point = a.point
    left join smartpark.latest l on l.point = a.point
    left join smartpark.space s on s.park_id = a.park_id and s.space_id = coalesce(a.space_id, d.space_id)
    left join park.space_buildings b on b.park_id = s.park_id and b.space_id = s.space_id;

create view park.alarm_journal as
  select j.entry, a.park_id, j.alarm, j.at, j.event_time, j.received, j.actor, j.action, j.from_state, j.to_state,
         j.reason, j.detail
    from smartpark.alarm_journal j join smartpark.alarm a using (alarm);

-- Of one rule at one subject (rule_id is there), or of a whole device. parent: the alarm that explains it.
create view park.alarm_holds as
  select h.hold, h.kind, h.park_id, r.rule_id, v.name_zh as rule_zh, v.name_en as rule_en, d.device_id,
         d.name_zh as device_zh, d.name_en as device_en, p.name as point_name, w.space_id, s.name_zh as space_zh,
         s.name_en as space_en,
         (select a.alarm from smartpark.alarm a where a.watch = h.watch and a.closed is null) as alarm,
         h.parent, h.reason, h.owner, h.set_by, h.set_at, h.until, h.ended, h.ended_by
    from smartpark.alarm_hold h
    left join smartpark.alarm_watch w using (watch)
    left join smartpark.alarm_rule r on r.rule = w.rule
    left join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
    left join smartpark.device d on d.device = coalesce(h.device, w.device)
    left join smartpark.point p on p.point = w.point
    left join smartpark.space s on s.park_id = h.park_id and s.space_id = w.space_id;

create view park.maintenance_windows as
  select m.maintenance, m.park_id, d.device_id, d.name_zh as device_zh, d.name_en as device_en, m.space_id,
         s.name_zh as space_zh, s.name_en as space_en, m.starts, m.ends, m.reason, m.set_by, m.set_at, m.cancelled
    from smartpark.maintenance_window m
    left join smartpark.device d using (device)
    left join smartpark.space s on s.park_id = m.park_id and s.space_id = m.space_id;

create view park.alarm_notices as
  select n.notice, a.park_id, n.alarm, n.at, n.look, n.decision, n.reason, n.decided
    from smartpark.alarm_notice n join smartpark.alarm a using (alarm);

create view park.alarm_floods as
  select flood, park_id, position, started, ended, alarms from smartpark.alarm_flood;

-- What a wall counts once a second: open alarms, and nothing that has to be looked up for it but where they are.
create view park.open_alarms as
  select a.alarm, a.park_id, a.priority, a.position, a.life_safety, a.hold, a.active, a.acknowledged, a.raised, a.incident,
         coalesce(a.space_id, d.space_id) as space_id
    from smartpark.alarm a left join smartpark.device d on d.device = a.device
   where a.closed is null;
