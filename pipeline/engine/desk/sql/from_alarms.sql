-- name: notices_to_order
-- Notices that are decided for good and were not looked at for an order: who pages first.
select notice from smartpark.alarm_notice
 where ordered is null and decision <> 'due' and look is null
 order by decision <> 'page', notice limit %(bite)s;

-- name: notice_to_order
-- One of them, locked, with its alarm; nothing where another engine has it.
select n.notice, n.alarm, n.decision, n.reason, a.park_id, a.watch, a.priority, a.life_safety, a.point, a.device, a.historic,
       a.hold, a.raised, a.incident, i.cause as incident_cause, r.rule_id, v.name_zh, v.name_en, d.family, d.type,
       coalesce(a.space_id, d.space_id) as space_id
  from smartpark.alarm_notice n
  join smartpark.alarm a using (alarm)
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = a.rule and v.version = a.version
  left join smartpark.device d on d.device = a.device
  left join smartpark.incident i on i.incident = a.incident
 where n.notice = %(notice)s and n.ordered is null
   for update of n skip locked;

-- name: orders_alike
-- Orders of the same watch or incident that are open, or closed so lately that recurrence re-opens them: the open first.
select o.work_order, o.cause, o.skill, o.state, exists (select from smartpark.alarm_notice n join smartpark.alarm b using (alarm)
         where n.work_order = o.work_order and b.watch = %(watch)s) as same_watch
  from smartpark.work_order o
 where o.work_order in (select n.work_order from smartpark.alarm b join smartpark.alarm_notice n using (alarm)
                         where n.work_order is not null and (b.watch = %(watch)s or b.incident = %(incident)s))
   and (o.state not in ('closed', 'rejected', 'cancelled')
        or (o.state = 'closed' and o.closed >= %(now)s::timestamptz - make_interval(secs => %(again_s)s)))
 order by o.state = 'closed', o.work_order desc;

-- name: notice_ordered
-- A notice was looked at, and led to this order or to none.
update smartpark.alarm_notice set ordered = %(now)s, work_order = %(order)s where notice = %(notice)s;

-- name: priority_of_order
-- How urgent an order is, and whether that may change.
select priority, state from smartpark.work_order where work_order = %(order)s;

-- name: returned_untaken
-- Orders that nobody took, whose alarms are all over: since when.
select o.work_order, o.version, t.returned
  from smartpark.work_order o
  cross join lateral (
    select bool_or(a.active) as active, max(a.returned) as returned from smartpark.alarm a
     where a.alarm in (select o.alarm union all
                       select n.alarm from smartpark.alarm_notice n where n.work_order = o.work_order)
  ) t
 where o.state in ('new', 'reopened') and o.returned is null and o.alarm is not null
   and not t.active and t.returned is not null
 order by o.work_order limit %(bite)s;
