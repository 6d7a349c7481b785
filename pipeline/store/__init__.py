"""Everything that speaks SQL for the writers: connections, named queries, schema, registry, rows."""
