-- name: space_path
-- A space and all above it, itself first.
with recursive up as (
  select s.space_id, s.parent_id, 0 as depth from smartpark.space s where s.park_id = %(park)s and s.space_id = %(space)s
  union all
  select s.space_id, s.parent_id, up.depth + 1
    from up join smartpark.space s on s.park_id = %(park)s and s.space_id = up.parent_id
)
select space_id from up order by depth;

-- name: rotas
-- The rotas of a park that are in use.
select rota_id, skills, space_id from smartpark.rota where park_id = %(park)s and not retired;

-- name: shifts_at
-- Who was planned for an instant, of people who still work here; who was made first comes first.
select s.rota_id, s.person, lower(s.during), upper(s.during), s.level
  from smartpark.shift s join smartpark.person p using (person)
 where s.park_id = %(park)s and s.during @> %(at)s::timestamptz and p.active
 order by s.shift;

-- name: changes_at
-- What was changed for an instant, in the order in which it was said; who left cannot come instead.
select c.rota_id, lower(c.during), upper(c.during), c.away, case when p.active then c.instead end, c.level
  from smartpark.shift_change c left join smartpark.person p on p.person = c.instead
 where c.park_id = %(park)s and c.during @> %(at)s::timestamptz and c.cancelled is null
 order by c.change;

-- name: parks_with_rotas
-- Parks that plan duty, and their zones.
select p.park_id, p.time_zone from smartpark.park p
 where exists (select from smartpark.rota r where r.park_id = p.park_id and not r.retired) order by p.park_id;

-- name: park_zone
-- The time zone of a park.
select time_zone from smartpark.park where park_id = %(park)s;

-- name: patterns
-- The patterns of a park that are in force.
select pattern, rota_id, spec, filled from smartpark.shift_pattern
 where park_id = %(park)s and retired is null order by pattern for update;

-- name: insert_rota
-- A rota, as the desk file has it; says whether it is new.
insert into smartpark.rota as r (park_id, rota_id, name_zh, name_en, skills, space_id)
values (%(park)s, %(rota)s, %(name_zh)s, %(name_en)s, %(skills)s, %(space)s)
on conflict (park_id, rota_id) do update
   set name_zh = excluded.name_zh, name_en = excluded.name_en, skills = excluded.skills, space_id = excluded.space_id,
       retired = false
 where (r.name_zh, r.name_en, r.skills, r.retired) is distinct from (excluded.name_zh, excluded.name_en, excluded.skills, false)
    or r.space_id is distinct from excluded.space_id
returning (xmax = 0) as new;

-- name: retire_rotas
-- Rotas that the desk file no longer has.
update smartpark.rota set retired = true
 where park_id = %(park)s and not retired and rota_id <> all (%(kept)s::text[]) returning rota_id;

-- name: insert_pattern
-- A pattern, whose shifts are still to be made.
insert into smartpark.shift_pattern (park_id, rota_id, spec) values (%(park)s, %(rota)s, %(spec)s) returning pattern;

-- name: retire_pattern
-- A pattern that is no longer in force.
update smartpark.shift_pattern set retired = %(now)s where pattern = %(pattern)s;

-- name: drop_shifts
-- Its shifts that have not begun are not worked.
delete from smartpark.shift where pattern = %(pattern)s and lower(during) >= %(now)s;

-- name: cut_shifts
-- A shift that is under way ends now.
update smartpark.shift set during = tstzrange(lower(during), %(now)s)
 where pattern = %(pattern)s and lower(during) < %(now)s and upper(during) > %(now)s;

-- name: insert_shifts
-- Shifts of a pattern; what is there already stays.
insert into smartpark.shift (park_id, rota_id, pattern, person, during, level, made_by)
select %(park)s, %(rota)s, %(pattern)s, p.person, tstzrange(t.starts, t.ends), %(level)s::smallint, 'pattern'
  from unnest(%(logins)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) as t (login, starts, ends)
  join smartpark.person p on p.login = t.login and p.park_id = %(park)s
on conflict do nothing;

-- name: filled
-- Up to which day a pattern's shifts are made.
update smartpark.shift_pattern set filled = %(day)s where pattern = %(pattern)s;

-- name: skills_wanted
-- Skills that orders have asked for in this park, and that rotas name; nobody may be missing for one of them.
select distinct skill from (
  select unnest(skills) as skill from smartpark.rota where park_id = %(park)s and not retired
  union
  select distinct skill from smartpark.work_order where park_id = %(park)s and state not in ('closed', 'rejected', 'cancelled')
) w where skill <> '*' order by skill;

-- name: people_by_login
-- People of a park by their logins.
select login, person from smartpark.person where park_id = %(park)s and active and login = any(%(logins)s::text[]);

-- name: insert_change
-- Somebody is away, or comes instead or beside.
insert into smartpark.shift_change (park_id, rota_id, during, away, instead, level, reason, made_by, made)
values (%(park)s, %(rota)s, tstzrange(%(starts)s, %(ends)s), %(away)s, %(instead)s, %(level)s, %(reason)s, %(actor)s, %(now)s)
returning change;

-- name: cancel_change
-- As it was planned again.
update smartpark.shift_change set cancelled = %(now)s where change = %(change)s and cancelled is null
returning park_id, rota_id, lower(during), upper(during);

-- name: shifts_between
-- What was planned and changed between two instants, for who looks at it.
select s.rota_id, s.level, p.login, p.name, lower(s.during) as starts, upper(s.during) as ends, 'planned' as what, null::bigint as change
  from smartpark.shift s join smartpark.person p using (person)
 where s.park_id = %(park)s and s.during && tstzrange(%(since)s, %(until)s)
union all
select c.rota_id, c.level, coalesce(a.login || ' → ' || coalesce(i.login, '(nobody)'), '+ ' || i.login), c.reason,
       lower(c.during), upper(c.during), 'changed', c.change
  from smartpark.shift_change c
  left join smartpark.person a on a.person = c.away
  left join smartpark.person i on i.person = c.instead
 where c.park_id = %(park)s and c.during && tstzrange(%(since)s, %(until)s) and c.cancelled is null
 order by starts, rota_id, level, login;

-- name: contacts_of
-- Where messages to people go.
select person, place, channel, address from smartpark.contact where person = any(%(people)s::int[]) order by person, place;

-- name: delete_contacts
-- Makes room for what the desk file says.
delete from smartpark.contact where person = any(%(people)s::int[]);

-- name: people_with_contacts
-- Who has contacts in this park.
select distinct c.person from smartpark.contact c join smartpark.person p using (person) where p.park_id = %(park)s;

-- name: insert_contacts
-- Where messages to a person go, in this order.
insert into smartpark.contact (person, place, channel, address)
select %(person)s, t.place::smallint, t.channel, t.address
  from unnest(%(channels)s::text[], %(addresses)s::text[]) with ordinality as t (channel, address, place);

-- name: logins
-- Who people are.
select person, login from smartpark.person where person = any(%(people)s::int[]);
