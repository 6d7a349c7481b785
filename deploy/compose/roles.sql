-- The database's users, made once when its volume is new. Passwords come from the secrets; each user has what its
-- process needs: the owner migrates and runs the engine, the collector writes, the API and Grafana read the views, through
-- the API people act, and the sender takes messages out of the outbox.
-- A statement that fails is not written to the log: it would carry the password.
set log_min_error_statement = panic;

create role park_reader nologin;
create role park_writer nologin;
create role park_operator nologin;
create role park_gate nologin;
create role park_notifier nologin;

do $$
declare
  name text;
begin
  foreach name in array array['owner', 'collector', 'api', 'sender', 'grafana'] loop
    execute format('create role %I login password %L', 'park_' || name,
                   rtrim(pg_read_file('/run/secrets/db_' || name), E'\n'));
  end loop;
  -- The view schema is dropped and made again by every migration, so the owner grants on it, not this script.
  execute format('alter database %I owner to park_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to park_collector, park_api, park_sender, park_grafana',
                 current_database());
  -- To the role itself: a collector acts as park_writer, and stages batches with repeats in a temporary table.
  execute format('grant temporary on database %I to park_writer', current_database());
end $$;

grant park_writer to park_collector;
grant park_reader to park_api, park_grafana;
-- It reads as park_reader, and is park_operator for as long as somebody's act takes, and park_gate while it asks
-- who that is.
grant park_operator, park_gate to park_api;
grant park_notifier to park_sender;

-- Dashboards ask what they like, within limits.
alter role park_grafana set default_transaction_read_only = on;
alter role park_grafana set statement_timeout = '30s';
alter role park_grafana connection limit 20;
