-- name: rotas_in_use
-- Who answers for which skills where.
select rota_id, name_zh, name_en, skills, space_id from park.rotas where park_id = %(park)s and not retired;

-- name: shifts_now
-- Who was planned for an instant, of people who still work here.
select rota_id, person, login, name, starts, ends, level from park.shifts
 where park_id = %(park)s and during @> %(at)s::timestamptz and active order by shift;

-- name: shift_changes_now
-- What was changed for an instant; who left cannot come instead.
select rota_id, starts, ends, away, case when active then instead end as instead, instead_login, instead_name, level
  from park.shift_changes
 where park_id = %(park)s and during @> %(at)s::timestamptz and cancelled is null order by change;

-- name: spaces_above
-- A space and all that it lies in, itself first: the deeper, the more there is above.
select a.above from park.spaces_above a where a.park_id = %(park)s and a.space_id = %(space)s
 order by (select count(*) from park.spaces_above b where b.park_id = a.park_id and b.space_id = a.above) desc;

-- name: notification_list
-- What became of messages, the newest first.
select n.notification, n.login, n.name, n.work_order, n.alarm, n.channel, n.subject, n.urgency, n.state, n.attempts, n.made,
       n.next, n.deadline, n.ended, n.error, n.error_text
  from park.notifications n
 where n.park_id = %(park)s
   and (%(before)s::bigint is null or n.notification < %(before)s)
   and (%(order)s::bigint is null or n.work_order = %(order)s)
   and (%(alarm)s::bigint is null or n.alarm = %(alarm)s)
   and (%(state)s::text is null or n.state = %(state)s)
 order by n.notification desc limit %(rows)s;
