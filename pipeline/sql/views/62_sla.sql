-- Where the clocks of orders stand, and what they said.
create view park.sla_clocks as
  select o.park_id, c.work_order, c.kind, c.state, c.target_s, c.started, c.due, c.stopped, c.spent_s, c.wall_s, c.paused_s,
         c.breached, c.provisional, c.resumes, c.next, c.fault
    from smartpark.sla_clock c join smartpark.work_order o using (work_order);

create view park.sla_events as
  select e.entry, o.park_id, e.work_order, e.kind, e.what, e.percent, e.at, e.recorded, e.detail
    from smartpark.sla_event e join smartpark.work_order o using (work_order);

-- Calendars and policies in force.
create view park.business_calendars as
  select c.park_id, c.calendar_id, c.version, v.spec, lower(v.loaded) as loaded_since, upper(v.loaded) as loaded_until,
         v.made, v.made_by
    from smartpark.business_calendar c join smartpark.business_calendar_version v using (park_id, calendar_id, version);

create view park.sla_policies as
  select p.park_id, p.policy_id, p.version, p.retired, v.spec, v.made, v.made_by
    from smartpark.sla_policy p join smartpark.sla_policy_version v using (park_id, policy_id, version);
