-- What collectors' spools have handed over, so that a crash between commit and file removal doubles nothing.

-- How far a segment of a spool is stored: every message of the records before `record`, and its first `message` ones.
create table smartpark.spool_position (
  segment uuid primary key,
  lane    text not null,
  record  bigint not null,
  message integer not null,
  at      timestamptz not null
);
create index on smartpark.spool_position (at);

-- What still lies in a spool that is being drained: until it is empty, nobody's silence can be judged.
create table smartpark.spool_backlog (
  host     text not null,
  lane     text not null,
  messages bigint not null,
  oldest   timestamptz,         -- received time of the oldest message that is not stored
  at       timestamptz not null,
  primary key (host, lane)
);

grant select, insert, update (record, message, at) on smartpark.spool_position to park_writer;
grant select, insert, update (messages, oldest, at) on smartpark.spool_backlog to park_writer;
