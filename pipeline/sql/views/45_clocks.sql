-- Devices whose clocks lie or lied: since when, by how much, and an example of what they claimed.
create view park.device_clocks as
  select d.park_id, d.device_id, d.device, d.family, d.name_zh, d.name_en, d.space_id, d.building_id, d.gateway_id,
         c.fault, c.offset_s, c.since, c.last_seen, c.count, c.claimed, c.received, c.reason,
         c.trusted_until is not null as distrusted, c.ended
    from smartpark.device_clock c join park.devices d using (device)
   where not d.retired;
