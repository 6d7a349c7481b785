-- name: policies
-- What the policies of a park say that are in force.
select policy_id, version, spec from smartpark.sla_policy
  join smartpark.sla_policy_version using (park_id, policy_id, version)
 where park_id = %(park)s and not retired order by policy_id;

-- name: spaces_around
-- A space and what it is part of, outwards.
with recursive around as (
  select space_id, parent_id, 0 as far from smartpark.space where park_id = %(park)s and space_id = %(space)s
  union all
  select s.space_id, s.parent_id, a.far + 1 from around a
    join smartpark.space s on s.park_id = %(park)s and s.space_id = a.parent_id
)
select space_id from around order by far;

-- name: order_for_terms
-- What decides which policies fit an order.
select park_id, service, priority, space_id, company_id, contractor_id from smartpark.work_order
 where work_order = %(order)s;

-- name: all_policies
-- Every policy of a park with its newest version, retired ones too.
select policy_id, version, spec, retired from smartpark.sla_policy
  join smartpark.sla_policy_version using (park_id, policy_id, version) where park_id = %(park)s;

-- name: add_policy_version
-- What a version of a policy says, for good.
insert into smartpark.sla_policy_version (park_id, policy_id, version, spec, made, made_by)
values (%(park)s, %(policy)s, %(version)s, %(spec)s, %(now)s, %(actor)s);

-- name: put_policy
-- The version of a policy that is in force.
insert into smartpark.sla_policy (park_id, policy_id, version) values (%(park)s, %(policy)s, %(version)s)
on conflict (park_id, policy_id) do update set version = excluded.version, retired = false;

-- name: retire_policies
-- Policies that are not written any more.
update smartpark.sla_policy set retired = true
 where park_id = %(park)s and not retired and policy_id <> all (%(kept)s::text[]);

-- name: known_subjects
-- The spaces and companies that a park has.
select 'spaces', space_id from smartpark.space where park_id = %(park)s
union all select 'companies', company_id from smartpark.company where park_id = %(park)s;

-- name: who_answers
-- The contractor of an order, that of a person, and the order's terms.
select o.contractor_id, p.contractor_id, o.terms from smartpark.work_order o cross join smartpark.person p
 where o.work_order = %(order)s and p.person = %(person)s;
