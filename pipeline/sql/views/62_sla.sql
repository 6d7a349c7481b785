-- Where the clocks of orders stand, and what they said.
create view park.sla_clocks as
  select o.park_id, c.work_order, c.kind, c.state, c.target_s, c.started, c.due, c.stopped, c.spent_s, c.wall_s, c.paused_s,
         c.breached, c.provisional
    from smartpark.sla_clock c join smartpark.work_order o using (work_order);

create view park.sla_events as
  select e.entry, o.park_id, e.work_order, e.kind, e.what, e.percent, e.at, e.recorded, e.detail
    from smartpark.sla_event e join smartpark.work_order o using (work_order);
