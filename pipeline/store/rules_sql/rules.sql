-- name: rules
-- Rules with the version in force; of one park, or of all.
select r.rule, r.park_id, r.rule_id, r.version, r.origin, r.retired, v.at, v.actor, v.spec
  from smartpark.alarm_rule r
  join smartpark.alarm_rule_version v using (rule, version)
 where %(park)s::text is null or r.park_id = %(park)s
 order by r.rule;

-- name: add_rule
-- A new rule; its version follows in the same transaction.
insert into smartpark.alarm_rule (park_id, rule_id, version, origin)
values (%(park)s, %(id)s, 1, %(origin)s)
returning rule;

-- name: add_version
-- A version of a rule, which is never changed afterwards.
insert into smartpark.alarm_rule_version
  (rule, version, at, actor, kind, enabled, priority, life_safety, latched, maintenance, position, name_zh, name_en,
   on_delay_s, off_delay_s, reopen_s, late_limit_s, respond_s, chatter_raises, chatter_s, spec)
values
  (%(rule)s, %(version)s, %(now)s, %(actor)s, %(kind)s, %(enabled)s, %(priority)s, %(life_safety)s, %(latched)s,
   %(maintenance)s, %(position)s, %(name_zh)s, %(name_en)s, %(on_delay_s)s, %(off_delay_s)s, %(reopen_s)s,
   %(late_limit_s)s, %(respond_s)s, %(chatter_raises)s, %(chatter_s)s, %(spec)s);

-- name: move_rule
-- Which version of a rule is in force, whose it is, and whether it is retired.
update smartpark.alarm_rule
   set version = %(version)s, origin = %(origin)s, retired = %(retired)s
 where rule = %(rule)s;

-- name: registered
-- The registered devices of a park and their points, as selectors look at them.
select d.device, d.device_id, d.family, coalesce(d.type, '') as type, d.brick_class, d.space_id,
       coalesce(jsonb_object_agg(p.name, jsonb_build_array(p.point, p.role))
                  filter (where not p.provisional and not p.retired), '{}') as points
  from smartpark.device d
  left join smartpark.point p using (device)
 where d.park_id = %(park)s and not d.provisional and not d.retired
 group by d.device
 order by d.device;

-- name: parents
-- Which space lies in which.
select space_id, parent_id from smartpark.space where park_id = %(park)s;

-- name: watches
-- What rules watch and watched, of one park or of all.
select w.watch, w.rule, w.point, w.device, w.space_id, w.other, w.retired
  from smartpark.alarm_watch w
  join smartpark.alarm_rule r using (rule)
 where %(park)s::text is null or r.park_id = %(park)s
 order by w.watch;

-- name: put_watches
-- Watches that are new, watched again, compared with another point, or watched no longer.
insert into smartpark.alarm_watch (rule, point, device, space_id, other, retired)
select t.rule, t.point, t.device, t.space_id, t.other, t.retired
  from jsonb_to_recordset(%(rows)s::jsonb)
    as t (rule int, point int, device int, space_id text, other int, retired boolean)
 order by t.rule, t.device, t.point
on conflict (rule, point, device, space_id) do update set other = excluded.other, retired = excluded.retired;

-- name: lock_registry
-- One writer of a park's registry and rules at a time, until the transaction ends.
select pg_advisory_xact_lock(%(lock)s, hashtext(%(park)s));

-- name: announce_rules
-- Tells ingest, the engine and the live stream that rules or what they watch changed.
select pg_notify('park', %(payload)s);
