-- Least privilege: the API reads views only, a collector writes what it must and deletes nothing.
do $$
begin
  if not exists (select from pg_roles where rolname = 'park_reader') then create role park_reader nologin; end if;
  if not exists (select from pg_roles where rolname = 'park_writer') then create role park_writer nologin; end if;
exception when duplicate_object or unique_violation then null;  -- another database of this server was faster
end $$;

grant usage on schema smartpark to park_writer;
grant select, insert on all tables in schema smartpark to park_writer;
grant usage on all sequences in schema smartpark to park_writer;
grant update on smartpark.device_state, smartpark.latest, smartpark.dead_letter to park_writer;
revoke insert on smartpark.park, smartpark.space, smartpark.company, smartpark.tenancy, smartpark.credential,
  smartpark.rollup_day, smartpark.engine_step, smartpark.device_transition, smartpark.schema_version from park_writer;
