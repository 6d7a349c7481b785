-- name: calendar_parks
-- The parks that were applied, with their time zones.
select park_id, time_zone from smartpark.park order by park_id;

-- name: calendar_days
-- What the calendar says of a span of days.
select day, kind, name, source from smartpark.calendar_day
 where park_id = %(park)s and day between %(since)s::date and %(until)s::date
 order by day;

-- name: put_days
-- Days as their source has them; what a person has said of a day stays.
insert into smartpark.calendar_day as c (park_id, day, kind, name, source)
select %(park)s, t.day, t.kind, t.name, %(source)s
  from unnest(%(days)s::date[], %(kinds)s::text[], %(names)s::text[]) as t (day, kind, name)
 order by t.day
on conflict (park_id, day) do update set kind = excluded.kind, name = excluded.name, source = excluded.source
 where (c.source <> %(person)s or excluded.source = %(person)s)
   and (c.kind, c.name, c.source) is distinct from (excluded.kind, excluded.name, excluded.source);
