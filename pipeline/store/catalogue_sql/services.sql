-- name: services_in_force
-- The ids of a park's services.
select service_id from smartpark.service where park_id = %(park)s and not retired;

-- name: put_services
-- Services as a desk file has them; those that are new or were changed.
insert into smartpark.service as s (park_id, service_id, category, place, name_zh, name_en, hint_zh, hint_en, skill, priority,
  department, paid, days, visitors, contractor_id)
select %(park)s::text, r.*
  from jsonb_to_recordset(%(rows)s::jsonb) as r (service_id text, category text, place integer, name_zh text, name_en text,
         hint_zh text, hint_en text, skill text, priority text, department text, paid boolean, days integer, visitors boolean,
         contractor_id text)
on conflict (park_id, service_id) do update set category = excluded.category, place = excluded.place,
  name_zh = excluded.name_zh, name_en = excluded.name_en, hint_zh = excluded.hint_zh, hint_en = excluded.hint_en,
  skill = excluded.skill, priority = excluded.priority, department = excluded.department, paid = excluded.paid,
  days = excluded.days, visitors = excluded.visitors,
  contractor_id = excluded.contractor_id, retired = false
 where (s.category, s.place, s.name_zh, s.name_en, s.hint_zh, s.hint_en, s.skill, s.priority, s.department, s.paid, s.days,
        s.visitors, s.contractor_id, s.retired)
    is distinct from (excluded.category, excluded.place, excluded.name_zh, excluded.name_en, excluded.hint_zh,
        excluded.hint_en, excluded.skill, excluded.priority, excluded.department, excluded.paid, excluded.days,
        excluded.visitors, excluded.contractor_id, false)
returning s.service_id;

-- name: retire_services
-- Services that a desk file has no longer.
update smartpark.service set retired = true
 where park_id = %(park)s and not retired and service_id <> all (%(ids)s::text[]);

-- name: rooms_in_force
-- The ids of a park's rooms.
select room_id from smartpark.room where park_id = %(park)s and not retired;

-- name: room_places
-- For each room of a desk file: whether its space is known, and the number of its point.
select r.id, s.space_id is not null as space_known, p.point
  from jsonb_to_recordset(%(rows)s::jsonb) as r (id text, space_id text, device_id text, point_name text)
  left join smartpark.space s on s.park_id = %(park)s and s.space_id = r.space_id
  left join smartpark.device d on d.park_id = %(park)s and d.device_id = r.device_id and not d.retired
  left join smartpark.point p on p.device = d.device and p.name = r.point_name and not p.retired;

-- name: put_rooms
-- Rooms as a desk file has them; those that are new or were changed.
insert into smartpark.room as m (park_id, room_id, space_id, name_zh, name_en, seats, point, opens, closes)
select %(park)s::text, r.*
  from jsonb_to_recordset(%(rows)s::jsonb) as r (id text, space_id text, name_zh text, name_en text, seats integer,
         point integer, opens text, closes text)
on conflict (park_id, room_id) do update set space_id = excluded.space_id, name_zh = excluded.name_zh,
  name_en = excluded.name_en, seats = excluded.seats, point = excluded.point, opens = excluded.opens,
  closes = excluded.closes, retired = false
 where (m.space_id, m.name_zh, m.name_en, m.seats, m.point, m.opens, m.closes, m.retired)
    is distinct from (excluded.space_id, excluded.name_zh, excluded.name_en, excluded.seats, excluded.point, excluded.opens,
        excluded.closes, false)
returning m.room_id;

-- name: retire_rooms
-- Rooms that a desk file has no longer; bookings of them stay.
update smartpark.room set retired = true
 where park_id = %(park)s and not retired and room_id <> all (%(ids)s::text[]);

-- name: contractors_known
-- Who may do a service, where the park itself does not.
select contractor_id from smartpark.contractor where park_id = %(park)s and not retired;
