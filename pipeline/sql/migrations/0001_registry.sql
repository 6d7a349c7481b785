-- What is known about the park: the park file's content, plus devices that nobody registered (provisional).
-- Rows are keyed twice: (park_id, own id) as people and topics say it, and a small integer for the large tables.

create table smartpark.park (
  park_id    text primary key,
  name_zh    text not null,
  name_en    text not null,
  time_zone  text not null,
  crs        text not null check (crs in ('WGS-84', 'GCJ-02')),
  lon        double precision not null check (lon between -180 and 180),
  lat        double precision not null check (lat between -90 and 90),
  address_zh text not null,
  address_en text not null
);

create table smartpark.company (
  park_id    text not null references smartpark.park,
  company_id text not null,
  name_zh    text not null,
  name_en    text not null,
  primary key (park_id, company_id)
);

create table smartpark.space (
  park_id     text not null references smartpark.park,
  space_id    text not null,
  parent_id   text,
  kind        text not null check (kind in ('site', 'building', 'floor', 'zone')),
  name_zh     text not null,
  name_en     text not null,
  footprint   jsonb,              -- [[lon, lat], …] in the park's coordinate system
  height_m    double precision,
  level       integer,
  area_m2     double precision,
  brick_class text,
  primary key (park_id, space_id),
  foreign key (park_id, parent_id) references smartpark.space deferrable initially deferred
);

create table smartpark.tenancy (
  park_id    text not null,
  space_id   text not null,
  company_id text not null,
  primary key (park_id, space_id, company_id),
  foreign key (park_id, space_id) references smartpark.space on delete cascade,
  foreign key (park_id, company_id) references smartpark.company on delete cascade
);

create table smartpark.device (
  device         integer generated always as identity primary key,
  park_id        text not null,   -- no reference: a device of a park nobody applied is kept as provisional too
  device_id      text not null,
  family         text not null check (family in ('meter', 'gate', 'scanner', 'sensor', 'gateway')),
  type           text,
  name_zh        text,
  name_en        text,
  space_id       text,
  gateway_id     text,
  lon            double precision,
  lat            double precision,
  interval_s     double precision not null default 60 check (interval_s > 0),
  brick_class    text,
  provisional    boolean not null default false,
  retired        boolean not null default false,  -- no longer in the park file; its history stays
  first_seen     timestamptz,
  unique (park_id, device_id)
);

create table smartpark.point (
  point       integer generated always as identity primary key,
  device      integer not null references smartpark.device,
  name        text not null,
  unit        text,
  kind        text not null check (kind in ('gauge', 'counter', 'state')),
  low         double precision,
  high        double precision,
  interval_s  double precision,
  brick_class text,
  role        text,
  provisional boolean not null default false,
  retired     boolean not null default false,
  unique (device, name)
);

create table smartpark.credential (
  park_id    text not null,
  hash       bytea not null,      -- keyed hash; the credential itself is never stored
  company_id text not null,
  primary key (park_id, hash)
);

-- Liveness: ingest moves `heard` and `deadline`, the engine turns a due deadline into a transition.
create table smartpark.device_state (
  device      integer primary key references smartpark.device,
  state       text not null default 'unknown' check (state in ('unknown', 'online', 'offline')),
  since       timestamptz,
  heard       timestamptz,        -- received time of the last message
  deadline    timestamptz,        -- silent from then on
  reason      text,
  battery_pct double precision,
  signal_dbm  double precision,
  firmware    text
);
create index device_state_due on smartpark.device_state (deadline) where state <> 'offline';

create table smartpark.device_transition (
  transition bigint generated always as identity primary key,
  device     integer not null references smartpark.device,
  at         timestamptz not null,
  from_state text not null,
  to_state   text not null,
  reason     text not null
);
create index device_transition_at on smartpark.device_transition (at desc);
