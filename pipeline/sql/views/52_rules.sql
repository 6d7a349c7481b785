-- Rules with the version in force, and every version that ever was. watches: subjects that are judged now.
create view park.alarm_rules as
  select r.park_id, r.rule, r.rule_id, r.version, r.origin, r.retired, v.at, v.actor, v.kind, v.enabled, v.priority,
         v.life_safety, v.maintenance, v.position, v.name_zh, v.name_en, v.spec,
         (select count(*) from smartpark.alarm_watch w where w.rule = r.rule and not w.retired) as watches,
         (select count(*) from smartpark.alarm a join smartpark.alarm_watch w using (watch)
           where w.rule = r.rule and a.closed is null) as open_alarms
    from smartpark.alarm_rule r
    join smartpark.alarm_rule_version v using (rule, version);

create view park.alarm_rule_versions as
  select r.park_id, r.rule_id, v.version, v.at, v.actor, v.spec
    from smartpark.alarm_rule r
    join smartpark.alarm_rule_version v using (rule);

-- What a dry run compares history with: what is usual for a point, and which days are worked.
create view park.usual as
  select point, days, hour, median, spread, n, made from smartpark.usual;

create view park.calendar_days as
  select park_id, day, kind, name, source from smartpark.calendar_day;
