-- name: person_by_login
-- Everything of one person but the secret.
select p.person, p.park_id, p.login, p.name, p.role, p.language, p.company_id, p.contractor_id, p.active, p.from_file,
       array(select k.skill from smartpark.person_skill k where k.person = p.person order by 1) as skills,
       array(select w.space_id from smartpark.person_space w where w.person = p.person order by 1) as spaces
  from smartpark.person p where p.login = %(login)s

-- name: person_list
-- A park's people by role and login.
select p.person, p.park_id, p.login, p.name, p.role, p.language, p.company_id, p.contractor_id, p.active, p.from_file,
       array(select k.skill from smartpark.person_skill k where k.person = p.person order by 1) as skills,
       array(select w.space_id from smartpark.person_space w where w.person = p.person order by 1) as spaces,
       exists (select from smartpark.person_secret s where s.person = p.person) as has_password
  from smartpark.person p where p.park_id = %(park)s and (p.active or %(all)s) order by p.role, p.login

-- name: lock_login
-- One change of a person at a time, of one that is not there yet too.
select pg_advisory_xact_lock(hashtextextended('person ' || %(login)s, 0))

-- name: add_person
-- A new person.
insert into smartpark.person (park_id, login, name, role, language, company_id, contractor_id, active, from_file, created)
values (%(park_id)s, %(login)s, %(name)s, %(role)s, %(language)s, %(company)s, %(contractor)s, true, %(from_file)s,
        %(now)s)
returning person

-- name: change_person
-- What is said of a person now; who was inactive is active again.
update smartpark.person
   set name = %(name)s, role = %(role)s, language = %(language)s, company_id = %(company)s,
       contractor_id = %(contractor)s, active = true, from_file = %(from_file)s
 where person = %(person)s

-- name: set_active
-- Lets somebody in no more, or again.
update smartpark.person set active = %(active)s where person = %(person)s

-- name: drop_skills
-- Before the skills of now.
delete from smartpark.person_skill where person = %(person)s

-- name: add_skills
-- What a person can do.
insert into smartpark.person_skill (person, skill) select %(person)s, unnest(%(skills)s::text[])

-- name: drop_spaces
-- Before the spaces of now.
delete from smartpark.person_space where person = %(person)s

-- name: add_spaces
-- Where a person works.
insert into smartpark.person_space (person, space_id) select %(person)s, unnest(%(spaces)s::text[])

-- name: person_references
-- What a person names that a park may not have.
select %(company)s::text is null
         or exists (select from smartpark.company where park_id = %(park_id)s and company_id = %(company)s) as company,
       %(contractor)s::text is null
         or exists (select from smartpark.contractor where park_id = %(park_id)s and contractor_id = %(contractor)s)
         as contractor

-- name: spaces_known
-- Which of these spaces a park has.
select space_id from smartpark.space where park_id = %(park_id)s and space_id = any(%(spaces)s)

-- name: from_files
-- Active people that a desk file spoke of.
select login from smartpark.person where park_id = %(park)s and from_file and active

-- name: put_secret
-- A person's password, as its hash.
insert into smartpark.person_secret (person, password, changed) values (%(person)s, %(password)s, %(now)s)
on conflict (person) do update set password = excluded.password, changed = excluded.changed

-- name: secret_by_login
-- What an active person's password is compared with.
select p.person, p.login, s.password from smartpark.person p join smartpark.person_secret s using (person)
 where p.login = %(login)s and p.active

-- name: contractor_list
-- Contractors of a park, retired ones too.
select contractor_id, name_zh, name_en, retired from smartpark.contractor where park_id = %(park)s

-- name: put_contractor
-- A contractor as a desk file has it.
insert into smartpark.contractor (park_id, contractor_id, name_zh, name_en) values (%(park)s, %(id)s, %(zh)s, %(en)s)
on conflict (park_id, contractor_id) do update
   set name_zh = excluded.name_zh, name_en = excluded.name_en, retired = false

-- name: retire_contractor
-- One that no file names any more.
update smartpark.contractor set retired = true where park_id = %(park)s and contractor_id = %(id)s
