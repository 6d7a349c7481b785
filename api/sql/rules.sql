-- name: rule_list
-- Alarm rules by id.
select rule_id, version, origin, retired, at, actor, watches, open_alarms, spec
  from park.alarm_rules
 where park_id = %(park)s
   and (%(retired)s::boolean is null or retired = %(retired)s)
   and (%(kind)s::text is null or kind = %(kind)s)
   and (%(priority)s::text is null or priority = %(priority)s)
   and (%(origin)s::text is null or origin = %(origin)s)
   and (%(after)s::text is null or rule_id > %(after)s)
 order by rule_id
 limit %(rows)s

-- name: rule_row
-- One alarm rule.
select rule_id, version, origin, retired, at, actor, watches, open_alarms, spec
  from park.alarm_rules where park_id = %(park)s and rule_id = %(rule)s

-- name: rule_versions
-- Every version of a rule, the newest first.
select version, at, actor, spec
  from park.alarm_rule_versions
 where park_id = %(park)s and rule_id = %(rule)s
 order by version desc
 limit %(rows)s
