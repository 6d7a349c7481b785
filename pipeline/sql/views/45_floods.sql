-- Who misbehaves at the intake: rates, rejects, limits, and the conditions that the engine made of them.
create view park.device_minutes as
  select minute, lane, park_id, device_id, messages, peak_per_s from smartpark.device_minute;

create view park.reject_minutes as
  select minute, lane, park_id, device_id, reason, messages from smartpark.reject_minute;

create view park.limited_minutes as
  select minute, lane, park_id, device_id, messages from smartpark.limited_minute;

create view park.device_limits as
  select device_limit, park_id, device_id, per_minute, everything, reason, set_at, set_by, until, ended
    from smartpark.device_limit;

create view park.lane_states as
  select lane, at, connected, inbox, waited_s, trouble from smartpark.lane_state;

create view park.intake_conditions as
  select condition, kind, lane, park_id, family, firmware, device_id, reason, started, raised, last, messages,
         per_minute, devices, device_ids, dead_letter, ended
    from smartpark.intake_condition;

-- What still waits: in spools, as their collectors say, and to be rolled up.
create view park.spool_backlogs as
  select host, lane, messages, oldest, at from smartpark.spool_backlog;

create view park.rollup_backlog as
  select count(*) as marks, min(bucket) as oldest from smartpark.rollup_dirty;
