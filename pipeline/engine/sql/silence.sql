-- name: heard_again
-- Devices that were unknown or offline and whose deadline is ahead: online, with a transition row each.
with due as (
  select device, state from smartpark.device_state
   where state <> 'online' and deadline > %(now)s and heard is not null
   order by device limit 5000 for update skip locked
), changed as (
  update smartpark.device_state s set state = 'online', since = %(now)s
    from due where s.device = due.device
  returning s.device, due.state as before, s.reason
)
insert into smartpark.device_transition (device, at, from_state, to_state, reason)
select device, %(now)s, before, 'online', 'heard' from changed order by device
returning transition;

-- name: fell_silent
-- Online devices whose deadline has passed: offline, with a transition row each that says why.
with due as (
  select device from smartpark.device_state
   where state = 'online' and deadline <= %(now)s
   order by device limit 5000 for update skip locked
), changed as (
  update smartpark.device_state s set state = 'offline', since = %(now)s
    from due where s.device = due.device
  returning s.device, s.heard, s.deadline, s.reason
)
insert into smartpark.device_transition (device, at, from_state, to_state, reason)
select device, %(now)s, 'online', 'offline',
       case when deadline <= heard then coalesce(reason, 'said so')
            else format('silent since %%s', to_char(heard at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) end
  from changed order by device
returning transition;

-- name: notify
-- Tells whoever listens that something of a kind happened, never what.
select pg_notify('park', %(payload)s);

-- name: log_step
-- What a step did the last time.
insert into smartpark.engine_step (step, ran, seconds, done, error)
values (%(step)s, %(now)s, %(seconds)s, %(done)s, %(error)s)
on conflict (step) do update
  set ran = excluded.ran, seconds = excluded.seconds, done = excluded.done, error = excluded.error;
