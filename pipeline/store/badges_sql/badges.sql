-- name: badge_park
-- The park of somebody who works on orders.
select park_id from smartpark.person where login = %(login)s and active and role in ('technician', 'operator');

-- name: forget_badge
-- Takes a person's days away.
delete from smartpark.badge_day using smartpark.person p where p.person = badge_day.person and p.login = %(login)s;

-- name: save_badge
-- A person's pseudonyms by service day.
insert into smartpark.badge_day (person, day, subject)
select p.person, t.day, t.subject
  from smartpark.person p, unnest(%(days)s::date[], %(subjects)s::text[]) as t (day, subject)
 where p.login = %(login)s;
