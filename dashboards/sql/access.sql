-- Asked by Grafana, which fills in its macros ($__timeFilter, $__timeFrom, …) and the variable park;
-- tests/dashboards does the same and runs every one of them.

-- name: passages
-- Persons who came in and went out, per 15 minutes.
select time_bucket('15 minutes'::interval, ts) as time, direction as metric, sum(coalesce(count, 1)) as value
  from park.access_events
 where park_id = ${park:sqlstring} and kind = 'passage' and $__timeFilter(ts)
 group by 1, 2 order by 1;

-- name: passages_by_gate
-- Persons by gate and direction in the chosen time.
select e.device_id as gate, coalesce(d.name_zh, e.device_id) as name,
       sum(coalesce(e.count, 1)) filter (where e.direction = 'in') as "in",
       sum(coalesce(e.count, 1)) filter (where e.direction = 'out') as out,
       sum(coalesce(e.count, 1)) filter (where e.direction = 'unknown') as unknown
  from park.access_events e join park.devices d using (device)
 where e.park_id = ${park:sqlstring} and e.kind = 'passage' and $__timeFilter(e.ts)
 group by 1, 2 order by 1;

-- name: decisions
-- Decisions, per hour: BACnet code 1 is granted, 128 and above are denials.
select time_bucket('1 hour'::interval, ts) as time,
       case when code = 1 then 'granted' when code >= 128 then 'denied' else 'other' end as metric, count(*) as value
  from park.access_events
 where park_id = ${park:sqlstring} and kind = 'decision' and $__timeFilter(ts)
 group by 1, 2 order by 1;

-- name: denials
-- Denials by BACnet code and gate.
select code, device_id as gate, count(*) as denials, max(ts) as latest
  from park.access_events
 where park_id = ${park:sqlstring} and kind = 'decision' and code >= 128 and $__timeFilter(ts)
 group by 1, 2 order by 3 desc limit 100;

-- name: doors
-- Door states other than normal, newest first: 2 open too long, 3 forced, 4 tamper, 5 fault.
select ts, device_id as gate, code as state, reader
  from park.access_events
 where park_id = ${park:sqlstring} and kind = 'door' and code <> 0 and $__timeFilter(ts)
 order by ts desc limit 100;

-- name: screenings
-- Screenings by result, per hour.
select time_bucket('1 hour'::interval, ts) as time, result as metric, count(*) as value
  from park.screenings
 where park_id = ${park:sqlstring} and $__timeFilter(ts)
 group by 1, 2 order by 1;

-- name: screening_share
-- Share of valid screenings that were referred to a second measurement by a person.
select count(*) filter (where result = 'REFER')::double precision / nullif(count(*) filter (where result <> 'INVALID'), 0)
       as referred
  from park.screenings
 where park_id = ${park:sqlstring} and $__timeFilter(ts);

-- name: skin_temperature
-- Skin temperatures in steps of 0.2 °C.
select to_char(floor(skin_c::numeric * 5) / 5, 'FM90.0') as "°C", count(*) as screenings
  from park.screenings
 where park_id = ${park:sqlstring} and result <> 'INVALID' and skin_c is not null and $__timeFilter(ts)
 group by floor(skin_c::numeric * 5) order by floor(skin_c::numeric * 5);

-- name: scanners
-- Each scanner's results; a mean that differs from its neighbours' is a scanner to look at.
select s.device_id as scanner, coalesce(d.name_zh, s.device_id) as name, count(*) as total,
       count(*) filter (where s.result = 'REFER') as refer, count(*) filter (where s.result = 'INVALID') as invalid,
       avg(s.skin_c) filter (where s.result = 'PASS') as "mean °C", min(s.calibrated) as calibrated
  from park.screenings s join park.devices d using (device)
 where s.park_id = ${park:sqlstring} and $__timeFilter(s.ts)
 group by 1, 2 order by 1;
