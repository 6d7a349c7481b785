-- name: add_device_minutes
-- What the busiest senders sent, added to what is known of those minutes.
insert into smartpark.device_minute as m (minute, lane, park_id, device_id, messages, peak_per_s)
select minute, %(lane)s, park_id, device_id, messages, peak
  from unnest(%(minutes)s::timestamptz[], %(parks)s::text[], %(devices)s::text[], %(counts)s::bigint[],
              %(peaks)s::float8[]) as t (minute, park_id, device_id, messages, peak)
 order by minute, park_id, device_id
on conflict (minute, lane, park_id, device_id) do update
  set messages = m.messages + excluded.messages, peak_per_s = greatest(m.peak_per_s, excluded.peak_per_s);

-- name: add_reject_minutes
-- What could not be understood, by sender and reason, added to what is known of those minutes.
insert into smartpark.reject_minute as m (minute, lane, park_id, device_id, reason, messages)
select minute, %(lane)s, park_id, device_id, reason, messages
  from unnest(%(minutes)s::timestamptz[], %(parks)s::text[], %(devices)s::text[], %(reasons)s::text[],
              %(counts)s::bigint[]) as t (minute, park_id, device_id, reason, messages)
 order by minute, park_id, device_id, reason
on conflict (minute, lane, park_id, device_id, reason) do update set messages = m.messages + excluded.messages;

-- name: add_limited_minutes
-- What a limit left out, by device and minute.
insert into smartpark.limited_minute as m (minute, lane, park_id, device_id, messages)
select minute, %(lane)s, park_id, device_id, messages
  from unnest(%(minutes)s::timestamptz[], %(parks)s::text[], %(devices)s::text[], %(counts)s::bigint[])
       as t (minute, park_id, device_id, messages)
 order by minute, park_id, device_id
on conflict (minute, lane, park_id, device_id) do update set messages = m.messages + excluded.messages;

-- name: keep_lane_state
-- How a lane's collector is doing; what another one said later stays.
insert into smartpark.lane_state as s (lane, at, connected, inbox, waited_s, trouble)
values (%(lane)s, %(at)s, %(connected)s, %(inbox)s, %(waited_s)s, %(trouble)s)
on conflict (lane) do update
  set at = excluded.at, connected = excluded.connected, inbox = excluded.inbox, waited_s = excluded.waited_s,
      trouble = excluded.trouble
where s.at <= excluded.at;

-- name: limits_in_force
-- Limits that nobody took off; whether one has run out is for who applies it to see.
select device_limit, park_id, device_id, per_minute, everything, reason, set_at, set_by, until
  from smartpark.device_limit
 where ended is null and (until is null or until > %(now)s)
 order by park_id, device_id;

-- name: end_limit
-- Takes a device's limit off; returns what it was.
update smartpark.device_limit set ended = %(now)s
 where park_id = %(park)s and device_id = %(device)s and ended is null
returning device_limit, per_minute, everything, until;

-- name: add_limit
-- A new limit of a device that has none.
insert into smartpark.device_limit (park_id, device_id, per_minute, everything, reason, set_at, set_by, until)
values (%(park)s, %(device)s, %(per_minute)s, %(everything)s, %(reason)s, %(now)s, %(by)s, %(until)s)
returning device_limit;

-- name: sender_known
-- Whether anybody heard of a device: registered, or seen as a sender.
select exists (select from smartpark.device where park_id = %(park)s and device_id = %(device)s)
    or exists (select from smartpark.device_minute where park_id = %(park)s and device_id = %(device)s)
    or exists (select from smartpark.reject_minute where park_id = %(park)s and device_id = %(device)s) as known;

-- name: only_park
-- The park's id where there is one park alone.
select min(park_id) from smartpark.park having count(*) = 1;
