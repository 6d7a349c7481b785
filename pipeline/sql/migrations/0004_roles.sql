-- Least privilege: the API reads views only; a collector may what the statements of pipeline/store/sql say, and deletes
-- nothing. Identity columns need no right on their sequences. Rights on views are in views/90_rights.sql,
-- the whole matrix in tests/contracts/test_schema.py.
do $$
begin
  if not exists (select from pg_roles where rolname = 'park_reader') then create role park_reader nologin; end if;
  if not exists (select from pg_roles where rolname = 'park_writer') then create role park_writer nologin; end if;
exception when duplicate_object or unique_violation then null;  -- another database of this server was faster
end $$;

grant usage on schema smartpark to park_writer;

-- What a collector knows: who is registered, and whose a credential is.
grant select on smartpark.park, smartpark.credential to park_writer;
-- Who is not registered is kept as provisional; registering is for the owner.
grant select, insert on smartpark.device, smartpark.point to park_writer;
grant select, insert, update (heard, deadline, reason, battery_pct, signal_dbm, firmware)
  on smartpark.device_state to park_writer;

-- What devices said. Events are told apart by their identities, so that nobody who writes them can read them.
grant insert on smartpark.access_event, smartpark.temperature_screening, smartpark.device_status to park_writer;
grant select, insert on smartpark.reading, smartpark.seen to park_writer;
grant select, insert, update (ts, received, value, quality) on smartpark.latest to park_writer;
grant insert on smartpark.conflict, smartpark.rollup_dirty to park_writer;
grant insert, select (batch) on smartpark.ingest_batch to park_writer;

-- Dead letters are counted, and read again by `park replay`, which leaves a line in the audit log.
grant select, insert, update (times, last_received, replayed, outcome) on smartpark.dead_letter to park_writer;
grant insert on smartpark.audit_log to park_writer;
