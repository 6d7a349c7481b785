-- Asked by Grafana, which fills in its macros ($__timeFilter, $__timeFrom, …) and the variable park;
-- tests/dashboards does the same and runs every one of them.

-- name: power_now
-- Power of the main meters that reported within 5 minutes.
select sum(value) as kw
  from park.points
 where park_id = ${park:sqlstring} and name = 'active_power' and role = 'main' and quality between 64 and 255
   and ts > $__timeTo()::timestamptz - interval '5 minutes' and ts <= $__timeTo()::timestamptz;

-- name: power
-- Mean power of the main meters, per 15 minutes.
select r.bucket as time, coalesce(d.building_id, d.device_id) as metric, sum(r.sum / r.n) as value
  from park.readings_15m r
  join park.points p using (point)
  join park.devices d on d.device = p.device
 where p.park_id = ${park:sqlstring} and p.name = 'active_power' and p.role = 'main' and $__timeFilter(r.bucket)
 group by 1, 2 order by 1;

-- name: energy_by_building
-- Electricity from the main meters' registers, per hour.
select time_bucket('1 hour'::interval, c.bucket) as time, coalesce(d.building_id, d.device_id) as metric,
       sum(c.amount) as value
  from park.consumption_15m($__timeFrom()::timestamptz, $__timeTo()::timestamptz) c
  join park.points p using (point)
  join park.devices d on d.device = p.device
 where p.park_id = ${park:sqlstring} and p.name = 'energy' and p.role = 'main'
 group by 1, 2 order by 1;

-- name: energy_by_use
-- Electricity by end use, per hour; what no sub-meter claims is unallocated.
with used as (
  select time_bucket('1 hour'::interval, c.bucket) as hour, p.role, sum(c.amount) as kwh
    from park.consumption_15m($__timeFrom()::timestamptz, $__timeTo()::timestamptz) c
    join park.points p using (point)
   where p.park_id = ${park:sqlstring} and p.name = 'energy' and p.role is not null
   group by 1, 2
)
select hour as time, role as metric, kwh as value from used where role <> 'main'
union all
select hour, 'unallocated', sum(case when role = 'main' then kwh else -kwh end) from used group by hour
order by 1;

-- name: energy_by_day
-- Electricity of the whole park, per local day.
select (date_trunc('day', c.bucket at time zone k.time_zone) at time zone k.time_zone) as time, sum(c.amount) as kwh
  from park.consumption_15m($__timeFrom()::timestamptz, $__timeTo()::timestamptz) c
  join park.points p using (point)
  join park.parks k using (park_id)
 where k.park_id = ${park:sqlstring} and p.name = 'energy' and p.role = 'main'
 group by 1 order by 1;

-- name: largest_consumers
-- Sub-meters by what they used in the chosen time.
select d.device_id as meter, coalesce(d.name_zh, d.device_id) as name, d.building_id as building, p.role as use,
       sum(c.amount) as kwh
  from park.consumption_15m($__timeFrom()::timestamptz, $__timeTo()::timestamptz) c
  join park.points p using (point)
  join park.devices d on d.device = p.device
 where p.park_id = ${park:sqlstring} and p.name = 'energy' and p.role is distinct from 'main'
 group by 1, 2, 3, 4 order by kwh desc limit 20;

-- name: water_and_gas
-- Water, gas and heat by their registers, per hour.
select time_bucket('1 hour'::interval, c.bucket) as time, d.type || ' ' || coalesce(p.unit, '') as metric,
       sum(c.amount) as value
  from park.consumption_15m($__timeFrom()::timestamptz, $__timeTo()::timestamptz) c
  join park.points p using (point)
  join park.devices d on d.device = p.device
 where p.park_id = ${park:sqlstring} and d.family = 'meter' and d.type in ('water', 'gas', 'heat')
   and p.name in ('volume', 'heat_energy')
 group by 1, 2 order by 1;

-- name: power_factor
-- Mean power factor of each main meter, per hour.
select r.bucket as time, p.device_id as metric, r.sum / r.n as value
  from park.readings_1h r
  join park.points p using (point)
 where p.park_id = ${park:sqlstring} and p.name = 'power_factor' and $__timeFilter(r.bucket)
   and exists (select from park.points m where m.device = p.device and m.role = 'main')
 order by 1;
