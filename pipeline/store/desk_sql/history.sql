-- name: desk_rows
-- What a park has of each section of the desk files, by id; of contacts the channels alone, as addresses are people's.
select 'calendars' as section, calendar_id as id, to_jsonb(c) - '{park_id,calendar_id}'::text[] as said
  from smartpark.business_calendar c where park_id = %(park)s
union all
select 'policies', policy_id, to_jsonb(p) - '{park_id,policy_id}'::text[]
  from smartpark.sla_policy p where park_id = %(park)s
union all
select 'services', service_id, to_jsonb(s) - '{park_id,service_id}'::text[]
  from smartpark.service s where park_id = %(park)s
union all
select 'rooms', room_id, to_jsonb(r) - '{park_id,room_id,number}'::text[]
  from smartpark.room r where park_id = %(park)s
union all
select 'order_rules', place::text, to_jsonb(o) - '{park_id,place}'::text[]
  from smartpark.order_rule o where park_id = %(park)s
union all
select 'plans', plan_id, to_jsonb(m) - '{park_id,plan_id,plan,counted,since}'::text[]
  from smartpark.maintenance_plan m where park_id = %(park)s
union all
select 'rotas', rota_id, to_jsonb(r) - '{park_id,rota_id}'::text[] || jsonb_build_object('shifts', (
         select coalesce(jsonb_agg(p.spec order by p.pattern), '[]') from smartpark.shift_pattern p
          where p.park_id = r.park_id and p.rota_id = r.rota_id and p.retired is null))
  from smartpark.rota r where park_id = %(park)s
union all
select 'contacts', p.login, jsonb_agg(c.channel order by c.place)
  from smartpark.contact c join smartpark.person p using (person) where p.park_id = %(park)s
 group by p.login
