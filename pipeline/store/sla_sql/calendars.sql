-- name: park_zone
-- The time zone of a park.
select time_zone from smartpark.park where park_id = %(park)s;

-- name: calendar_in_force
-- The version of a calendar that is in force, with what it says.
select v.version, v.spec from smartpark.business_calendar c
  join smartpark.business_calendar_version v using (park_id, calendar_id, version)
 where park_id = %(park)s and calendar_id = %(calendar)s;

-- name: calendar_versions
-- Which version of each of these calendars is in force.
select calendar_id, version from smartpark.business_calendar
 where park_id = %(park)s and calendar_id = any (%(calendars)s::text[]);

-- name: add_calendar_version
-- What a version says and for what time it is known; nothing where it is there.
insert into smartpark.business_calendar_version (park_id, calendar_id, version, spec, loaded, made, made_by)
values (%(park)s, %(calendar)s, %(version)s, %(spec)s,
        tstzrange(%(since)s, %(until)s, case when %(since)s::timestamptz = %(until)s then '[]' else '[)' end),
        %(now)s, %(actor)s)
on conflict do nothing;

-- name: add_calendar
-- The first version of a calendar is in force.
insert into smartpark.business_calendar (park_id, calendar_id, version)
values (%(park)s, %(calendar)s, %(version)s) on conflict do nothing;

-- name: move_calendar
-- Another version is in force.
update smartpark.business_calendar set version = %(version)s
 where park_id = %(park)s and calendar_id = %(calendar)s and version < %(version)s;

-- name: add_open
-- When a version is open.
insert into smartpark.calendar_open (park_id, calendar_id, version, during)
select %(park)s, %(calendar)s, %(version)s, tstzrange(t.start, t.until)
  from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as t (start, until)
on conflict do nothing;

-- name: openings
-- When some versions are open from an instant up to another, and for what time they are known.
select v.calendar_id, v.version, p.time_zone, lower(v.loaded), upper(v.loaded),
       coalesce(array_agg(lower(o.during) order by o.during) filter (where o.during is not null), '{}'),
       coalesce(array_agg(upper(o.during) order by o.during) filter (where o.during is not null), '{}')
  from unnest(%(calendars)s::text[], %(versions)s::integer[]) as w (calendar_id, version)
  join smartpark.business_calendar_version v
    on v.park_id = %(park)s and v.calendar_id = w.calendar_id and v.version = w.version
  join smartpark.park p on p.park_id = v.park_id
  left join smartpark.calendar_open o
    on o.park_id = v.park_id and o.calendar_id = v.calendar_id and o.version = v.version
       and o.during && tstzrange(%(since)s, %(until)s::timestamptz)
 group by v.park_id, v.calendar_id, v.version, p.time_zone, v.loaded;

-- name: all_versions
-- Every version of every calendar, with whether it is in force and for what time it is known.
select v.park_id, v.calendar_id, v.version, v.spec, lower(v.loaded), upper(v.loaded), c.version = v.version
  from smartpark.business_calendar_version v
  join smartpark.business_calendar c using (park_id, calendar_id)
 order by v.park_id, v.calendar_id, v.version;

-- name: widen_calendar
-- A version is known for more time.
update smartpark.business_calendar_version set loaded = tstzrange(%(since)s, %(until)s)
 where park_id = %(park)s and calendar_id = %(calendar)s and version = %(version)s;

-- name: open_between
-- When a version is open in a time for which it is known.
select lower(during), upper(during) from smartpark.calendar_open
 where park_id = %(park)s and calendar_id = %(calendar)s and version = %(version)s
   and during && tstzrange(%(since)s, %(until)s)
 order by during;
