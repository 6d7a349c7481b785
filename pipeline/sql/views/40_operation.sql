-- How the system itself is doing.
create view park.ingest_batches as
  select batch, at, lane, messages, readings, events, duplicates, conflicts, dead_letters, unidentified, oldest
    from smartpark.ingest_batch;

create view park.engine_steps as
  select step, ran, seconds, done, error from smartpark.engine_step;

create view park.audit_log as
  select entry, at, actor, action, subject, detail from smartpark.audit_log;

create view park.schema_version as
  select version, name, edition, applied from smartpark.schema_version;
