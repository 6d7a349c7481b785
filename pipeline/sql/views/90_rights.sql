-- Who may look: readers at every view, collectors and notifiers at the schema's version: they refuse to start on an old one.
grant usage on schema park to park_reader, park_writer, park_notifier;
grant select on all tables in schema park to park_reader;
grant select on park.schema_version to park_writer, park_notifier;

-- A collector stages batches with repeats in a temporary table. Where PUBLIC may make none, it gets the right itself;
-- here and not in 0004, because a dump of a database does not hold the rights on it.
do $$
begin
  if not has_database_privilege('park_writer', current_database(), 'temporary') then
    execute format('grant temporary on database %I to park_writer', current_database());
  end if;
end $$;
