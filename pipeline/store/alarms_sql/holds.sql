-- name: may_be_held
-- Whether a watch's rule lets its alarms be held at all; locks nothing.
select v.life_safety
  from smartpark.alarm_watch w
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
 where w.watch = %(watch)s;

-- name: add_holds
-- Holds; one of the same kind on the same subject that still lasts is changed.
insert into smartpark.alarm_hold (kind, park_id, watch, device, parent, reason, owner, set_by, set_at, until)
select kind, park_id, watch, device, parent, reason, owner, set_by, %(now)s, until
  from jsonb_to_recordset(%(rows)s::jsonb) as t (kind text, park_id text, watch int, device int, parent bigint,
         reason text, owner text, set_by text, until timestamptz)
 order by kind, watch, device
on conflict (kind, watch, device) where ended is null
do update set parent = excluded.parent, reason = excluded.reason, owner = excluded.owner, set_by = excluded.set_by,
              set_at = excluded.set_at, until = excluded.until
returning hold;

-- name: end_holds
-- Holds that are over, by whom. One that is over already stays as it is.
update smartpark.alarm_hold set ended = %(now)s, ended_by = %(by)s
 where hold = any (%(holds)s::bigint[]) and ended is null
returning hold, kind, watch, device;

-- name: lock_held
-- Open alarms of watches and devices, locked in order of their watches.
select alarm from smartpark.alarm
 where closed is null and not life_safety
   and (watch = any (%(watches)s::int[]) or device = any (%(devices)s::int[]))
 order by watch for update;

-- name: lock_under_holds
-- Open alarms of what some holds are on, locked in order of their watches.
select a.alarm from smartpark.alarm a
 where a.closed is null and not a.life_safety
   and exists (select from smartpark.alarm_hold h
                where h.hold = any (%(holds)s::bigint[]) and (h.watch = a.watch or h.device = a.device))
 order by a.watch for update of a;

-- name: held_alarms
-- Those alarms, and the strongest hold that lasts on each; none where the rule has become one of life safety.
select a.alarm, a.watch, a.device, a.state, a.active, a.acknowledged, a.latches, a.hold, h.hold as by, h.kind, h.reason,
       h.parent, h.until
  from smartpark.alarm a
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
  left join lateral (
    select o.hold, o.kind, o.reason, o.parent, o.until from smartpark.alarm_hold o
     where (o.watch = a.watch or o.device = a.device) and o.ended is null and (o.until is null or o.until > %(now)s)
       and not v.life_safety
     order by array_position(array['out-of-service', 'suppressed', 'shelved'], o.kind) limit 1
  ) h on true
 where a.alarm = any (%(alarms)s::bigint[])
 order by a.watch;
