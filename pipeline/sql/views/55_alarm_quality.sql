-- Every time that an alarm was put before people: raised, re-opened, or let go by what held it. What was held back or
-- turned out to be history is not among it.
create view park.alarm_annunciations as
  select j.entry, j.at, j.event_time, j.action, a.alarm, a.watch, a.park_id, a.position, a.priority, a.life_safety,
         a.maintenance
    from smartpark.alarm_journal j join smartpark.alarm a using (alarm)
   where j.action in ('raise', 'reopen', 'release') and j.to_state = 'unacknowledged' and not a.historic;

-- Every time that one was kept from people: by a hold, or because it was history when it was told.
create view park.alarm_unseen as
  select j.entry, j.at, a.alarm, a.park_id, a.position, a.historic
    from smartpark.alarm_journal j join smartpark.alarm a using (alarm)
   where j.action = 'record' or (j.action in ('raise', 'reopen') and (a.historic or j.to_state <> 'unacknowledged'));

-- Raised and returned, watch by watch: what noise is judged by.
create view park.alarm_turns as
  select a.watch, j.entry, j.alarm, j.at, j.event_time, j.action, j.to_state, (j.detail ->> 'value')::float8 as value
    from smartpark.alarm_journal j join smartpark.alarm a using (alarm)
   where j.action in ('raise', 'reopen', 'return', 'withdraw') and not a.historic;

-- What each rule watches, under its version of now.
create view park.alarm_watches as
  select w.watch, r.park_id, r.rule_id, v.version, v.name_zh, v.name_en, v.kind, v.priority, v.position, v.life_safety,
         v.maintenance, v.enabled and not r.retired and not w.retired as watched, v.on_delay_s, v.off_delay_s,
         v.respond_s, v.chatter_raises, v.chatter_s, (v.spec ->> 'low')::float8 as low, (v.spec ->> 'high')::float8 as high,
         w.point, p.name as point_name, p.unit, d.device_id, d.name_zh as device_zh, d.name_en as device_en, w.space_id,
         s.name_zh as space_zh, s.name_en as space_en
    from smartpark.alarm_watch w
    join smartpark.alarm_rule r using (rule)
    join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
    left join smartpark.device d on d.device = w.device
    left join smartpark.point p on p.point = w.point
    left join smartpark.space s on s.park_id = r.park_id and s.space_id = w.space_id;

-- Since when a rule of a park could have alarmed at all, by operator position.
create view park.alarm_rules_since as
  select r.park_id, v.position, min(v.at) as since, bool_or(v.version = r.version and v.enabled and not r.retired) as ruled
    from smartpark.alarm_rule r join smartpark.alarm_rule_version v using (rule)
   group by 1, 2;

-- Alarms that share a cause; name: of the gateway, the device, the place, or the rule and the place.
create view park.incidents as
  select i.incident, i.park_id, i.cause, d.device_id, r.rule_id, i.space_id, i.root, i.opened, i.last, i.alarms, i.closed,
         o.open, o.unacknowledged, o.priority, o.life_safety,
         case when i.cause in ('gateway', 'device') then coalesce(d.name_zh, d.device_id)
              else concat_ws(' ', s.name_zh, v.name_zh) end as name_zh,
         case when i.cause in ('gateway', 'device') then coalesce(d.name_en, d.device_id)
              else concat_ws(', ', v.name_en, s.name_en) end as name_en
    from smartpark.incident i
    left join smartpark.device d on d.device = i.device
    left join smartpark.alarm_rule r on r.rule = i.rule
    left join smartpark.alarm_rule_version v on v.rule = r.rule and v.version = r.version
    left join smartpark.space s on s.park_id = i.park_id and s.space_id = i.space_id
    cross join lateral (
      select count(*) filter (where a.closed is null) as open,
             count(*) filter (where a.closed is null and not a.acknowledged) as unacknowledged,
             coalesce(bool_or(a.life_safety), false) as life_safety,
             (array['critical', 'high', 'medium', 'low'])
               [min(array_position(array['critical', 'high', 'medium', 'low'], a.priority))] as priority
        from smartpark.alarm a where a.incident = i.incident
    ) o
   where i.alarms > 0;

-- The figures of each operator position from one park time to another, as ISA-18.2 has them. An alarm counts each time
-- that it was put before people. Wear of equipment (maintenance) is counted apart; stale, chattering of now.
create function park.alarm_quality(of_park text, since timestamptz, until timestamptz)
returns table (
  "position" text, annunciated bigint, watches bigint, top_10 bigint, peak bigint, peak_at timestamptz, chattering bigint,
  critical bigint, high bigint, medium bigint, low bigint, acknowledged bigint, acknowledge_s double precision,
  maintenance bigint, held bigint, historic bigint, open bigint, stale bigint, oldest timestamptz, floods bigint,
  flood_s double precision, flood_alarms bigint
)
language sql stable
begin atomic
  with seen as materialized (
    select n.* from park.alarm_annunciations n where n.park_id = of_park and n.at >= since and n.at < until
  ), counted as materialized (
    select s.* from seen s where not s.maintenance
  ), loads as (
    select c.position, c.at,
           count(*) over (partition by c.position order by c.at range between interval '10 minutes' preceding and current row) as n
      from counted c
  ), peaks as (
    select distinct on (l.position) l.position, l.n, l.at from loads l order by l.position, l.n desc, l.at desc
  ), ranked as (
    select c.position, c.watch, count(*) as n, row_number() over (partition by c.position order by count(*) desc, c.watch) as place
      from counted c group by 1, 2
  ), tops as (
    select r.position, count(*) as watches, sum(r.n) filter (where r.place <= 10) as n from ranked r group by 1
  ), raised as (
    select c.position, c.watch,
           c.event_time - lag(c.event_time, w.chatter_raises - 1)
             over (partition by c.position, c.watch order by c.event_time, c.entry) <= make_interval(secs => w.chatter_s) as chatters
      from counted c join park.alarm_watches w using (watch)
     where c.action <> 'release'
  ), noisy as (
    select r.position, count(distinct r.watch) as n from raised r where r.chatters group by 1
  ), answered as (
    select c.position, c.at,
           (select min(j.at) from park.alarm_journal j
             where j.alarm = c.alarm and j.entry > c.entry and j.action = 'acknowledge'
               and j.entry < coalesce((select min(k.entry) from park.alarm_journal k
                                        where k.alarm = c.alarm and k.entry > c.entry
                                          and k.action in ('raise', 'reopen', 'release')), j.entry + 1)) as seen_at
      from counted c
  ), answers as (
    select a.position, count(a.seen_at) as n,
           percentile_cont(0.5) within group (order by extract(epoch from a.seen_at - a.at)::float8) as median
      from answered a group by 1
  ), sums as (
    select s.position, count(*) filter (where not s.maintenance) as n, count(*) filter (where s.maintenance) as maintenance,
           count(*) filter (where not s.maintenance and s.priority = 'critical') as critical,
           count(*) filter (where not s.maintenance and s.priority = 'high') as high,
           count(*) filter (where not s.maintenance and s.priority = 'medium') as medium,
           count(*) filter (where not s.maintenance and s.priority = 'low') as low
      from seen s group by 1
  ), quiet as (  -- what people were not shown
    select a.position, count(*) filter (where not a.historic) as held, count(*) filter (where a.historic) as historic
      from park.alarm_unseen a where a.park_id = of_park and a.at >= since and a.at < until
     group by 1
  ), standing as (
    select a.position, count(*) filter (where a.hold is null) as open,
           count(*) filter (where a.hold is null and a.active and not a.maintenance and a.raised < until - interval '1 day') as stale,
           min(a.raised) filter (where a.hold is null and a.active and not a.maintenance) as oldest
      from park.alarms a where a.park_id = of_park and a.closed is null
     group by 1
  ), flooded as (
    select f.position, count(*) as n, sum(f.alarms) as alarms,
           sum(extract(epoch from least(coalesce(f.ended, until), until) - greatest(f.started, since)))::float8 as s
      from park.alarm_floods f
     where f.park_id = of_park and f.started < until and coalesce(f.ended, until) > since
     group by 1
  ), positions as (
    select position from sums union select position from standing union select position from flooded
    union select position from quiet
    union select r.position from park.alarm_rules_since r where r.park_id = of_park and r.ruled
  )
  select p.position, coalesce(s.n, 0), coalesce(t.watches, 0), coalesce(t.n, 0)::bigint, coalesce(k.n, 0), k.at,
         coalesce(n.n, 0), coalesce(s.critical, 0), coalesce(s.high, 0), coalesce(s.medium, 0), coalesce(s.low, 0),
         coalesce(a.n, 0), a.median, coalesce(s.maintenance, 0), coalesce(q.held, 0), coalesce(q.historic, 0),
         coalesce(o.open, 0), coalesce(o.stale, 0), o.oldest, coalesce(f.n, 0), coalesce(f.s, 0), coalesce(f.alarms, 0)::bigint
    from positions p
    left join sums s using (position)
    left join tops t using (position)
    left join peaks k using (position)
    left join noisy n using (position)
    left join answers a using (position)
    left join quiet q using (position)
    left join standing o using (position)
    left join flooded f using (position)
   order by 1;
end;

-- How many alarms each position was shown in each span of a width, and the most within any 10 minutes that ended there.
create function park.alarm_loads(of_park text, since timestamptz, until timestamptz, width interval)
returns table ("position" text, bin timestamptz, alarms bigint, peak bigint)
language sql stable
begin atomic
  select l.position, date_bin(width, l.at, timestamptz '2000-01-03 00:00+00'), count(*), max(l.n)
    from (select n.position, n.at,
                 count(*) over (partition by n.position order by n.at range between interval '10 minutes' preceding and current row) as n
            from park.alarm_annunciations n
           where n.park_id = of_park and n.at >= since and n.at < until and not n.maintenance) l
   group by 1, 2
   order by 1, 2;
end;

-- What was shown most often at each position, the worst first.
create function park.alarm_nuisances(of_park text, since timestamptz, until timestamptz, most bigint)
returns table ("position" text, place bigint, watch integer, alarms bigint, last timestamptz)
language sql stable
begin atomic
  select r.position, r.place, r.watch, r.alarms, r.last
    from (select n.position, n.watch, count(*) as alarms, max(n.at) as last,
                 row_number() over (partition by n.position order by count(*) desc, n.watch) as place
            from park.alarm_annunciations n
           where n.park_id = of_park and n.at >= since and n.at < until and not n.maintenance
           group by 1, 2) r
   where r.place <= most
   order by 1, 2;
end;

-- Whole hours in which nothing of the park was heard, told by the ten points that spoke on most days (those of the
-- shortest interval first): what nobody heard cannot have alarmed.
create function park.silent_hours(of_park text, since timestamptz, until timestamptz)
returns bigint
language sql stable
begin atomic
  with few as (
    select d.point
      from park.readings_day d join park.points q using (point)
     where q.park_id = of_park and q.interval_s <= 1800 and d.day >= (since - interval '1 day')::date
     group by d.point, q.interval_s
     order by count(*) desc, q.interval_s, d.point limit 10
  ), heard as (
    select distinct r.bucket from park.readings_1h r
     where r.point in (select f.point from few f) and r.bucket >= since and r.bucket < until
  )
  select count(*)
    from generate_series(date_bin('1 hour', since + interval '59 minutes 59.999999 seconds', timestamptz '2000-01-03 00:00+00'),
                         until - interval '1 hour', interval '1 hour') h (bucket)
   where h.bucket not in (select heard.bucket from heard);
end;
