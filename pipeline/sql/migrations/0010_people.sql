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
  from_file     boolean not null default false, -- a desk file speaks of them: gone from it, they are inactive
  created       timestamptz not null,
  check (login ~ '^[a-z0-9][a-z0-9._-]{1,39}$' and login not in ('system', 'local')),
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
  seen     timestamptz not null,  -- to a minute; idle for too long, it is over
  expires  timestamptz not null,  -- and in any case then
  agent    text,                  -- what the browser calls itself, cut
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
  company_id text,                -- a tenant's program: whose
  made_by  text not null,
  created  timestamptz not null,
  seen     timestamptz,
  expires  timestamptz,
  revoked  timestamptz,
  foreign key (park_id, company_id) references smartpark.company,
  check ((role = 'tenant') = (company_id is not null))
);
create unique index api_token_name on smartpark.api_token (park_id, name) where revoked is null;

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
  outcome text not null check (outcome in ('wrong', 'done', 'delayed')) -- wrong until it is known to be right
);
create index sign_in_login on smartpark.sign_in (login, at);
create index sign_in_source on smartpark.sign_in (source, at);

-- The gate: who asks, and is it them. It alone reads what secrets are compared with, and writes who there is.
do $$
begin
  if not exists (select from pg_roles where rolname = 'park_gate') then create role park_gate nologin; end if;
exception when duplicate_object or unique_violation then null;  -- another database of this server was faster
end $$;
grant usage on schema smartpark to park_gate;
grant select on smartpark.park, smartpark.company, smartpark.contractor to park_gate;
grant select (park_id, space_id) on smartpark.space to park_gate;
grant select, insert, update (name, role, language, company_id, contractor_id, active, from_file)
  on smartpark.person to park_gate;
grant select, insert, delete on smartpark.person_skill, smartpark.person_space to park_gate;
grant select, insert, update (password, changed) on smartpark.person_secret to park_gate;
grant select, insert, update (seen, revoked) on smartpark.session, smartpark.api_token to park_gate;
grant select, update (used) on smartpark.signed_link to park_gate;
grant select, insert, update (outcome) on smartpark.sign_in to park_gate;
grant insert on smartpark.audit_log to park_gate;

-- Who acts on orders and requests is to know whom there is to name.
grant select on smartpark.contractor, smartpark.person, smartpark.person_skill, smartpark.person_space to park_operator;
