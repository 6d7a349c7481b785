-- name: newest_entry
-- The journal's newest row: where it did not move, nothing happened to any alarm.
select max(entry) from smartpark.alarm_journal;

-- name: incident_candidates
-- Alarms that are open, or in an open incident, or to which something happened of late, with what they may share.
with recursive chosen as (
  select alarm from smartpark.alarm where closed is null
  union
  select a.alarm from smartpark.incident i join smartpark.alarm a using (incident) where i.closed is null
  union
  select alarm from smartpark.alarm_journal where at > %(recent)s
), up as (
  select park_id, space_id, parent_id, kind, array[space_id] as path from smartpark.space
  union all
  select up.park_id, up.space_id, s.parent_id, s.kind, s.space_id || up.path
    from up join smartpark.space s on s.park_id = up.park_id and s.space_id = up.parent_id
   where up.kind not in ('building', 'site')
)
select a.park_id, a.alarm, a.rule, v.kind, a.device, coalesce(d.type, d.family, '') as type, g.device as gateway,
       coalesce(up.path, '{}') as places, a.priority, a.raised, case when not a.active then a.returned end as ended,
       v.kind = 'no-data' and a.point is null and d.family is not distinct from 'gateway' as lost, a.life_safety,
       a.maintenance, a.hold is not null and a.hold <> 'suppressed' as held, h.parent, a.incident
  from chosen
  join smartpark.alarm a using (alarm)
  join smartpark.alarm_rule_version v on v.rule = a.rule and v.version = a.version
  left join smartpark.device d on d.device = a.device
  left join smartpark.device g on g.park_id = d.park_id and g.device_id = d.gateway_id
  left join up on up.park_id = a.park_id and up.space_id = coalesce(a.space_id, d.space_id)
   and up.kind in ('building', 'site')
  left join smartpark.alarm_hold h on h.kind = 'suppressed' and h.watch = a.watch and h.device is null and h.ended is null
 where not a.historic
 order by a.park_id, a.alarm;

-- name: incidents_of
-- The incidents that those alarms are in.
select incident, cause, device, rule, space_id, root, closed
  from smartpark.incident
 where closed is null
    or incident in (select a.incident from smartpark.alarm a where a.closed is null and a.incident is not null)
    or incident in (select a.incident from smartpark.alarm_journal j join smartpark.alarm a using (alarm)
                     where j.at > %(recent)s);

-- name: add_incident
-- A new incident; its alarms are counted when they are in it.
insert into smartpark.incident (park_id, cause, device, rule, space_id, root, opened, last, alarms)
values (%(park)s, %(cause)s, %(device)s, %(rule)s, %(space_id)s, %(root)s, %(opened)s, %(last)s, 0)
returning incident;

-- name: change_incident
-- An incident has turned out to have another cause, or another root.
update smartpark.incident
   set cause = %(cause)s, device = %(device)s, rule = %(rule)s, space_id = %(space_id)s, root = %(root)s
 where incident = %(incident)s;

-- name: lock_members
-- In the order in which everybody locks alarms.
select alarm from smartpark.alarm where alarm = any (%(alarms)s::bigint[]) order by watch, alarm for update;

-- name: move_alarms
-- Alarms into their incidents.
update smartpark.alarm a set incident = t.incident
  from unnest(%(alarms)s::bigint[], %(incidents)s::bigint[]) as t (alarm, incident)
 where a.alarm = t.alarm;

-- name: count_incidents
-- How many alarms incidents have, and the event time of the newest.
update smartpark.incident i
   set alarms = t.alarms, last = coalesce(t.last, i.last), opened = least(i.opened, t.first)
  from (select n.incident, count(a.alarm) as alarms, max(a.raised) as last, min(a.raised) as first
          from unnest(%(incidents)s::bigint[]) as n (incident)
          left join smartpark.alarm a on a.incident = n.incident
         group by n.incident) t
 where i.incident = t.incident;

-- name: close_incidents
-- An incident is over when all its alarms are closed.
update smartpark.incident i set closed = %(now)s
 where i.closed is null
   and not exists (select from smartpark.alarm a where a.incident = i.incident and a.closed is null)
returning i.incident;

-- name: open_incidents_again
-- One of its alarms came back.
update smartpark.incident i set closed = null
 where i.closed is not null
   and i.incident in (select a.incident from smartpark.alarm a where a.closed is null and a.incident is not null)
returning i.incident;
