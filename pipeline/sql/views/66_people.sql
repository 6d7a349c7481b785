-- People without their secrets.
create view park.people as
  select p.person, p.park_id, p.login, p.name, p.role, p.language, p.company_id, p.contractor_id, p.active,
         coalesce((select array_agg(k.skill order by k.skill) from smartpark.person_skill k where k.person = p.person), '{}') as skills,
         coalesce((select array_agg(w.space_id order by w.space_id) from smartpark.person_space w where w.person = p.person), '{}') as spaces
    from smartpark.person p;

create view park.contractors as
  select park_id, contractor_id, name_zh, name_en, retired from smartpark.contractor;
