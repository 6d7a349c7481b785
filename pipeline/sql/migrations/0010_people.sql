-- Who may do what: people with a role, their passwords and sessions, tokens for programs and wall screens, links that
-- work once. What they may is in domain/role.py; secrets are kept as hashes, in tables that only the gate reads.

create table smartpark.contractor (
  park_id       text not null references smartpark.park,
  contractor_id text not null,
  name_zh       text not null,
  name_en       text not null,
  retired       boolean not null default false,
  primary key (park_id, contractor_id)
);

create table smartpark.person (
  person        integer generated always as identity primary key,
  park_id       text not null references smartpark.park,
  login         text not null unique,
  name          text not null,
  role          text not null check (role in ('technician', 'operator', 'manager', 'tenant', 'wall', 'administrator')),
  language      text not null default 'zh' check (language in ('zh', 'en')),
  company_id    text,             -- a tenant's staff: whose
  contractor_id text,             -- a technician who is not the park's own: whose
  active        boolean not null default true,
  created       timestamptz not null,
  foreign key (park_id, company_id) references smartpark.company,
  foreign key (park_id, contractor_id) references smartpark.contractor,
  check ((role = 'tenant') = (company_id is not null))
);

create table smartpark.person_skill (
  person integer not null references smartpark.person,
  skill  text not null,
  primary key (person, skill)
);

-- Where a technician works, and below; without a row: everywhere.
create table smartpark.person_space (
  person   integer not null references smartpark.person,
  space_id text not null,
  primary key (person, space_id)
);

create table smartpark.person_secret (
  person   integer primary key references smartpark.person,
  password text not null,         -- argon2id, in its own encoded form
  changed  timestamptz not null
);

create table smartpark.session (
  session  bigint generated always as identity primary key,
  digest   bytea not null unique, -- sha256 of what the cookie holds
  person   integer not null references smartpark.person,
  created  timestamptz not null,
  seen     timestamptz not null,
  expires  timestamptz not null,
  agent    text,
  revoked  timestamptz
);
create index session_person on smartpark.session (person) where revoked is null;

-- role: whose permissions it can have at most; scopes: the permissions that it has.
create table smartpark.api_token (
  token    integer generated always as identity primary key,
  park_id  text not null references smartpark.park,
  digest   bytea not null unique,
  name     text not null,
  role     text not null check (role in ('technician', 'operator', 'manager', 'tenant', 'wall', 'administrator')),
  scopes   text[] not null,
  made_by  text not null,
  created  timestamptz not null,
  seen     timestamptz,
  expires  timestamptz,
  revoked  timestamptz
);

-- Opens a page where one thing can be done, once, by the person it was sent to.
create table smartpark.signed_link (
  link       bigint generated always as identity primary key,
  digest     bytea not null unique,
  purpose    text not null check (purpose in ('accept')),
  work_order bigint not null,
  person     integer not null references smartpark.person,
  created    timestamptz not null,
  expires    timestamptz not null,
  used       timestamptz
);

create table smartpark.sign_in (
  attempt bigint generated always as identity primary key,
  at      timestamptz not null,
  login   text not null,          -- as typed, in lower case and cut; may be nobody's
  source  text not null,          -- address it came from
  done    boolean not null
);
create index sign_in_login on smartpark.sign_in (login, at);
create index sign_in_source on smartpark.sign_in (source, at);
