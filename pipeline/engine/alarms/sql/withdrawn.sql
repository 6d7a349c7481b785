-- name: withdrawn_watches
-- What is not normal, or an open alarm, though nobody judges it any more; and why.
select w.watch,
       case when r.retired then 'its rule is retired' when not v.enabled then 'its rule is disabled'
            when d.retired or p.retired then 'its device or point is gone'
            else 'its rule no longer names this subject' end as why
  from (
    select watch from smartpark.alarm_condition where phase <> 'normal'
    union
    select watch from smartpark.alarm where closed is null
  ) standing
  join smartpark.alarm_watch w using (watch)
  join smartpark.alarm_rule r using (rule)
  join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
  left join smartpark.device d on d.device = w.device
  left join smartpark.point p on p.point = w.point
 where w.retired or r.retired or not v.enabled or d.retired or p.retired
 order by w.watch limit %(bite)s;
