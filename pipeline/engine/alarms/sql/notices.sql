-- name: due_notices
-- Notices to be decided: whose time has come, or that wait for the end of planned work which somebody cancelled since.
-- With each what its alarm says now, the planned work that covers it the longest, what people were told already of it,
-- and of its incident while that is open: of all of it where a gateway explains it, else of the same rule or device, for
-- what else happens in a building may need somebody else.
with due as materialized (
  select n.notice from smartpark.alarm_notice n join smartpark.alarm a using (alarm)
   where n.look <= %(now)s
      or (n.look is not null and n.decision = 'withheld'
          and exists (select from smartpark.maintenance_window m
                       where m.park_id = a.park_id and m.cancelled >= n.decided and m.cancelled <= %(now)s))
   order by not a.life_safety, array_position(array['critical', 'high', 'medium', 'low'], a.priority), n.notice
   limit %(bite)s for update of n skip locked
)
select n.notice, n.alarm, n.decision, a.closed, a.historic, a.active, a.acknowledged, a.seen_by, a.hold, a.life_safety,
       a.priority, a.raised, a.chattering, i.incident, i.cause, a.rule, a.device,
       work.ends, work.reason as work, told.at as told, other.at as incident_told, other.priorities as incident_priorities
  from due
  join smartpark.alarm_notice n using (notice)
  join smartpark.alarm a using (alarm)
  left join smartpark.device d on d.device = a.device
  left join smartpark.incident i on i.incident = a.incident and i.closed is null
   -- A gateway that is back explains nothing any more.
   and (i.cause <> 'gateway' or i.root = a.alarm or exists (select from smartpark.alarm r where r.alarm = i.root and r.active))
  left join lateral (
    with recursive up as (
      select s.park_id, s.space_id, s.parent_id from smartpark.space s
       where s.park_id = a.park_id and s.space_id = coalesce(a.space_id, d.space_id)
      union
      select s.park_id, s.space_id, s.parent_id
        from up join smartpark.space s on s.park_id = up.park_id and s.space_id = up.parent_id
    )
    select m.ends, m.reason from smartpark.maintenance_window m
     where m.park_id = a.park_id and m.cancelled is null and m.starts <= %(now)s and m.ends > %(now)s
       and case when m.device is not null then m.device = a.device
                when m.space_id is not null then m.space_id in (select up.space_id from up)
                else true end
     order by m.ends desc limit 1
  ) work on true
  left join lateral (
    select max(o.decided) as at from smartpark.alarm_notice o where o.alarm = n.alarm and o.decision = 'page'
  ) told on true
  left join lateral (
    select min(o.decided) as at, array_agg(distinct b.priority) as priorities
      from smartpark.alarm b
      join smartpark.alarm_notice o on o.alarm = b.alarm and o.decision = 'page'
     where b.incident = i.incident and b.alarm <> a.alarm
       and (i.cause = 'gateway' or b.rule = a.rule or b.device = a.device)
  ) other on true
 order by not a.life_safety, array_position(array['critical', 'high', 'medium', 'low'], a.priority),
          i.root is distinct from a.alarm, n.notice;

-- name: decide_notices
-- What was decided of notices, and when it is looked at again.
update smartpark.alarm_notice n
   set decision = t.decision, reason = t.reason, look = t.look, decided = %(now)s
  from jsonb_to_recordset(%(rows)s::jsonb) as t (notice bigint, decision text, reason text, look timestamptz)
 where n.notice = t.notice;
