-- name: company_ids
-- The companies of a park.
select company_id from smartpark.company where park_id = %(park)s;

-- name: save_credentials
-- Adds or changes which company keyed hashes belong to.
insert into smartpark.credential (park_id, hash, company_id)
select %(park)s, hash, company_id from unnest(%(hashes)s::bytea[], %(companies)s::text[]) as t (hash, company_id)
on conflict (park_id, hash) do update set company_id = excluded.company_id;

-- name: time_zones
-- Every park's time zone.
select park_id, time_zone from smartpark.park;

-- name: credentials
-- Every known credential hash with its company.
select park_id, hash, company_id from smartpark.credential;
