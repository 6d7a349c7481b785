-- name: service_list
-- What can be asked for in a park; `visitors` what a code is enough for.
select service_id, category, name_zh, name_en, hint_zh, hint_en, skill, priority, department, paid, days, visitors
  from park.services
 where park_id = %(park)s and not retired and (not %(visitors)s::boolean or visitors)
 order by place

-- name: code_row
-- What a code in force stands for.
select code, park_id, space_id, space_zh, space_en, building_id, building_zh, building_en, device_id, device_zh, device_en
  from park.place_codes
 where code = %(code)s and revoked is null

-- name: request_list
-- Requests of a park, newest first; `company` and `person` limit who sees what.
with recursive below as (
  select space_id from park.spaces where park_id = %(park)s and space_id = %(space)s
  union
  select s.space_id from park.spaces s join below b on s.parent_id = b.space_id where s.park_id = %(park)s
)
select r.*
  from park.requests r
 where r.park_id = %(park)s
   and (%(company)s::text is null or r.company_id = %(company)s)
   and (%(person)s::integer is null or r.person = %(person)s)
   and (%(open)s::boolean is null or (r.state not in ('closed', 'declined', 'cancelled')) = %(open)s)
   and (%(category)s::text is null or r.category = %(category)s)
   and (%(service)s::text is null or r.service_id = %(service)s)
   and (%(department)s::text is null or r.department = %(department)s)
   and (%(channel)s::text is null or r.channel = %(channel)s)
   and (%(supervised)s::boolean is null or r.supervised = %(supervised)s)
   and (%(space)s::text is null or r.space_id in (select space_id from below))
   and (%(after)s::bigint is null or r.request < %(after)s)
 order by r.request desc
 limit %(rows)s

-- name: request_row
-- One request of any park.
select * from park.requests where request = %(request)s

-- name: request_key
-- Whether a request was made without sign-in, with this client id (its sha256).
select exists (select from park.request_keys where request = %(request)s and key = %(key)s) as fits

-- name: request_events
-- All that happened to a request.
select at, actor, action, from_state, to_state, reason, detail
  from park.request_events
 where request = %(request)s
 order by entry

-- name: request_quotes
-- What a request's work would cost.
select quote, amount, words, made_by, made, valid_until, answer, answered, answered_by
  from park.quotes
 where request = %(request)s
 order by quote

-- name: request_photos
-- What a request shows.
select photo, what, at, actor
  from park.photos
 where subject = 'request' and number = %(request)s
 order by at, photo

-- name: request_order
-- How far the work of a request is.
select work_order, state, priority, assignee_name as assignee, appointment, waiting_for, created, acknowledged, responded,
       done, closed
  from park.work_orders
 where work_order = %(order)s

-- name: photo_row
-- A photo.
select media_type, bytes from park.photo_bytes where photo = %(photo)s and (%(park)s::text is null or park_id = %(park)s)

-- name: photo_seen_by
-- Whether something shows a photo that these may see: who has requests or orders, a company, an assignee.
select exists (
  select from park.photos p
    left join park.requests r on p.subject = 'request' and r.request = p.number
    left join park.work_orders o on p.subject = 'order' and o.work_order = p.number
   where p.photo = %(photo)s
     and ((p.subject = 'request' and %(requests)s::boolean) or (p.subject = 'order' and %(orders)s::boolean)
          or (r.company_id = %(company)s::text) or (o.company_id = %(company)s::text)
          or (o.assignee = %(person)s::integer and %(worker)s::boolean))
) as seen

-- name: survey_list
-- The surveys of a park with what a company said, and how many said what.
select s.survey, s.name_zh, s.name_en, s.opens, s.closes, count(a.*)::integer as answers, avg(a.stars)::float8 as mean,
       max(a.stars) filter (where a.company_id = %(company)s::text) as stars,
       max(a.words) filter (where a.company_id = %(company)s::text) as words
  from park.surveys s
  left join park.survey_answers a using (survey)
 where s.park_id = %(park)s
 group by 1, 2, 3, 4, 5
 order by s.opens desc, s.survey desc
 limit 100
