-- name: order_rules
-- A park's rules, in their order.
select rule_ids, families, types, priorities, opens, service, skill, priority, contractor_id, verify_s, again_s
  from smartpark.order_rule where park_id = %(park)s order by place;

-- name: delete_order_rules
-- The desk file says them all anew.
delete from smartpark.order_rule where park_id = %(park)s;

-- name: insert_order_rule
-- One rule at its place.
insert into smartpark.order_rule (park_id, place, rule_ids, families, types, priorities, opens, service, skill, priority,
  contractor_id, verify_s, again_s)
values (%(park)s, %(place)s, %(rule_ids)s, %(families)s, %(types)s, %(priorities)s, %(opens)s, %(service)s, %(skill)s,
  %(priority)s, %(contractor_id)s, %(verify_s)s, %(again_s)s);

-- name: known_of_park
-- What an order rule may name: alarm rules, services, contractors.
select coalesce((select array_agg(rule_id) from smartpark.alarm_rule where park_id = %(park)s and not retired), '{}') as rules,
       coalesce((select array_agg(service_id) from smartpark.service where park_id = %(park)s and not retired), '{}')
         as services,
       coalesce((select array_agg(contractor_id) from smartpark.contractor where park_id = %(park)s), '{}') as contractors;

-- name: look_again
-- Rules have changed: notices of alarms that stand and have no order are looked at once more.
update smartpark.alarm_notice n set ordered = null
  from smartpark.alarm a
 where a.alarm = n.alarm and a.park_id = %(park)s and a.closed is null and n.work_order is null and n.ordered is not null
   and n.notice = (select max(m.notice) from smartpark.alarm_notice m where m.alarm = a.alarm);
