-- What the hot path need not pay for: an index on `deadline` turns every sign of life into a new row in two indexes,
-- and spares the engine one look a second at a table of a few thousand rows.
drop index smartpark.device_state_due;
alter table smartpark.device_state set (fillfactor = 50);
