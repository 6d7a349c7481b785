-- What happened: at gates, at scanners, to devices. Pseudonyms stay inside: no view shows a subject.
create view park.access_events as
  select d.park_id, d.device_id, e.device, e.ts, e.received, e.device_ts, e.identity, e.ordinal, e.kind, e.code,
         e.direction, e.reader, e.count, e.company_id
    from smartpark.access_event e join smartpark.device d using (device);

create view park.screenings as
  select d.park_id, d.device_id, e.device, e.ts, e.received, e.device_ts, e.identity, e.ordinal, e.result,
         e.skin_c, e.ambient_c, e.humidity_pct, e.body_site, e.reference, e.calibrated, e.reason
    from smartpark.temperature_screening e join smartpark.device d using (device);

create view park.device_statuses as
  select d.park_id, d.device_id, e.device, e.ts, e.received, e.device_ts, e.identity, e.ordinal, e.state,
         e.reason, e.firmware, e.battery_pct, e.signal_dbm
    from smartpark.device_status e join smartpark.device d using (device);

create view park.device_transitions as
  select t.transition, d.park_id, d.device_id, t.at, t.from_state, t.to_state, t.reason
    from smartpark.device_transition t join smartpark.device d using (device);

create view park.dead_letters as
  select dead_letter, received, park_id, device_id, lane, reason, detail, octet_length(sealed) as sealed_bytes,
         times, last_received, replayed, outcome
    from smartpark.dead_letter;
