-- name: event_list
-- Events of all kinds, newest first, below (before_ts, before_id); `notable` leaves out what is as it should be.
select * from (
  (select * from (
    select e.ts as at, ('a' || e.device || '-' || (extract(epoch from e.ts) * 1000000)::bigint || '-'
             || left(md5(concat_ws('|', e.identity, e.ordinal, e.kind, e.code, e.direction, e.reader, e.count)), 10))
             collate "C" as id,
           e.device_id, e.received, e.device_ts, e.kind, e.code::integer as code, null as label, e.direction,
           e.reader, e.count, e.company_id, null::real as skin_c, null as reason
      from park.access_events e
     where e.park_id = %(park)s
       and e.ts >= %(since)s and e.ts < %(until)s
       and e.kind = any (%(kinds)s)
       and (%(devices)s::integer[] is null or e.device = any (%(devices)s))
       and (not %(notable)s::boolean or (e.kind = 'decision' and e.code >= 128) or (e.kind = 'door' and e.code <> 0))
   ) as one
    where %(before_ts)s::timestamptz is null or (at <= %(before_ts)s and (at < %(before_ts)s or id < %(before_id)s))
    order by at desc, id desc limit %(rows)s)
  union all
  (select * from (
    select s.ts as at, ('s' || s.device || '-' || (extract(epoch from s.ts) * 1000000)::bigint || '-'
             || left(md5(concat_ws('|', s.identity, s.ordinal, s.result, s.skin_c)), 10)) collate "C" as id,
           s.device_id, s.received, s.device_ts, 'screening', null::integer, s.result, null, null, null::integer,
           null, s.skin_c, s.reason
      from park.screenings s
     where 'screening' = any (%(kinds)s)
       and s.park_id = %(park)s
       and s.ts >= %(since)s and s.ts < %(until)s
       and (%(devices)s::integer[] is null or s.device = any (%(devices)s))
       and (not %(notable)s::boolean or s.result <> 'PASS')
   ) as one
    where %(before_ts)s::timestamptz is null or (at <= %(before_ts)s and (at < %(before_ts)s or id < %(before_id)s))
    order by at desc, id desc limit %(rows)s)
  union all
  (select * from (
    select u.ts as at, ('u' || u.device || '-' || (extract(epoch from u.ts) * 1000000)::bigint || '-'
             || left(md5(concat_ws('|', u.identity, u.ordinal, u.state, u.reason)), 10)) collate "C" as id,
           u.device_id, u.received, u.device_ts, 'status', null::integer, u.state, null, null, null::integer,
           null, null::real, u.reason
      from park.device_statuses u
     where 'status' = any (%(kinds)s)
       and u.park_id = %(park)s
       and u.ts >= %(since)s and u.ts < %(until)s
       and (%(devices)s::integer[] is null or u.device = any (%(devices)s))
       and (not %(notable)s::boolean or u.state = 'offline')
   ) as one
    where %(before_ts)s::timestamptz is null or (at <= %(before_ts)s and (at < %(before_ts)s or id < %(before_id)s))
    order by at desc, id desc limit %(rows)s)
  union all
  (select * from (
    select t.at, ('t' || lpad(t.transition::text, 19, '0')) collate "C" as id,
           t.device_id, t.at as received, null::timestamptz, 'transition', null::integer, t.to_state, null, null,
           null::integer, null, null::real, t.reason
      from park.device_transitions t
     where 'transition' = any (%(kinds)s)
       and t.park_id = %(park)s
       and t.at >= %(since)s and t.at < %(until)s
       and (%(devices)s::integer[] is null or t.device_id = any (%(device_ids)s))
       and (not %(notable)s::boolean or t.from_state <> 'unknown' or t.to_state = 'offline')
   ) as one
    where %(before_ts)s::timestamptz is null or (at <= %(before_ts)s and (at < %(before_ts)s or id < %(before_id)s))
    order by at desc, id desc limit %(rows)s)
) as merged
 order by at desc, id desc
 limit %(rows)s

-- name: dead_letter_list
-- Messages that could not be understood, newest first, without their sealed content.
select dead_letter, received, times, last_received, park_id, device_id, lane, reason, detail, sealed_bytes, replayed,
       outcome
  from park.dead_letters
 where (%(park)s::text is null or park_id = %(park)s)
   and (%(reason)s::text is null or reason = %(reason)s)
   and (%(replayed)s::boolean is null or (replayed is not null) = %(replayed)s)
   and (%(after)s::bigint is null or dead_letter < %(after)s)
 order by dead_letter desc
 limit %(rows)s

-- name: conflict_list
-- The same key with another content: what was kept and what was refused, newest first.
select conflict, device_id, kind, point_name, ts, identity, received, kept, refused, content
  from park.conflicts
 where park_id = %(park)s
   and (%(device)s::text is null or device_id = %(device)s)
   and (%(after)s::bigint is null or conflict < %(after)s)
 order by conflict desc
 limit %(rows)s
