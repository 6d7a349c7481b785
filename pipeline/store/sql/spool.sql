-- name: spool_position
-- How far a segment of a spool is stored already.
select record, message from smartpark.spool_position where segment = %(segment)s::uuid;

-- name: keep_spool_position
-- Moves a segment's position on, in the transaction that stores what lies before it.
insert into smartpark.spool_position as p (segment, lane, record, message, at)
values (%(segment)s::uuid, %(lane)s, %(record)s, %(message)s, %(at)s)
on conflict (segment) do update set record = excluded.record, message = excluded.message, at = excluded.at
where (p.record, p.message) < (excluded.record, excluded.message);

-- name: keep_spool_backlog
-- Says how much of a spool is still to come.
insert into smartpark.spool_backlog as b (host, lane, messages, oldest, at)
values (%(host)s, %(lane)s, %(messages)s, %(oldest)s, %(at)s)
on conflict (host, lane) do update set messages = excluded.messages, oldest = excluded.oldest, at = excluded.at;
