-- name: people_list
-- People by role and login; one where a login is told.
select login, name, role, language, company_id as company, contractor_id as contractor, skills, spaces, active
  from park.people
 where (%(park)s::text is null or park_id = %(park)s) and (%(login)s::text is null or login = %(login)s)
   and (%(role)s::text is null or role = %(role)s) and (%(skill)s::text is null or %(skill)s = any(skills))
   and (active or %(inactive)s)
 order by role, login

-- name: link_order
-- What somebody is asked to take, in a few words.
select title_zh, title_en, coalesce(space_zh, building_zh) as place_zh, coalesce(space_en, building_en) as place_en,
       priority, state, assignee_name
  from park.work_orders where work_order = %(order)s
