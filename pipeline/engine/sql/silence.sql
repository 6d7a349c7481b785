-- name: heard_again
-- Devices in use that were unknown or offline and whose deadline is ahead: online, with a transition row each.
with due as (
  select s.device, s.state from smartpark.device_state s join smartpark.device d using (device)
   where s.state <> 'online' and s.deadline > %(now)s and s.heard is not null and not d.retired
   order by s.device limit 5000 for update of s skip locked
), changed as (
  update smartpark.device_state s set state = 'online', since = %(now)s
    from due where s.device = due.device
  returning s.device, due.state as before, s.reason
)
insert into smartpark.device_transition (device, at, from_state, to_state, reason)
select device, %(now)s, before, 'online', 'heard' from changed order by device
returning transition;

-- name: evidence
-- The newest time at which anybody was heard, with enough time since for others to be heard as well. Read from the end
-- until there is one: twenty lanes write 2,000 batches in ten seconds.
select at from (select batch, at from smartpark.ingest_batch order by batch desc limit 50000) as newest
 where at <= %(before)s
 order by batch desc limit 1;

-- name: draining
-- Whether some collector's spool is being drained just now.
select 1 from smartpark.spool_backlog where messages > 0 and at > %(alive)s limit 1;

-- name: fell_silent
-- Devices in use, heard before, whose deadline has passed: offline, with a transition row each that says why.
with due as (
  select s.device, s.state from smartpark.device_state s join smartpark.device d using (device)
   where s.state <> 'offline' and s.heard is not null and not d.retired
     and (s.deadline <= s.heard or s.deadline <= %(evidence)s or s.deadline <= %(long_ago)s)
   order by s.device limit 5000 for update of s skip locked
), changed as (
  update smartpark.device_state s set state = 'offline', since = %(now)s
    from due where s.device = due.device
  returning s.device, due.state as before, s.heard, s.deadline, s.reason
)
insert into smartpark.device_transition (device, at, from_state, to_state, reason)
select device, %(now)s, before, 'offline',
       case when deadline <= heard then coalesce(reason, 'said so')
            else format('silent since %%s', to_char(heard at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) end
  from changed order by device
returning transition;

-- name: log_step
-- What a step did the last time.
insert into smartpark.engine_step (step, ran, seconds, done, error)
values (%(step)s, %(now)s, %(seconds)s, %(done)s, %(error)s)
on conflict (step) do update
  set ran = excluded.ran, seconds = excluded.seconds, done = excluded.done, error = excluded.error;
