-- name: lock_attempts
-- One attempt for a login at a time, and one from a source: or a burst would all count as the first.
select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest(%(keys)s::text[]) key order by key

-- name: wrong_for_login
-- When passwords for a login were wrong, since it last was right.
select at from smartpark.sign_in
 where login = %(login)s and outcome = 'wrong' and at > %(since)s
   and at > coalesce((select max(at) from smartpark.sign_in where login = %(login)s and outcome = 'done'), '-infinity')

-- name: wrong_from_source
-- When passwords from an address were wrong.
select at from smartpark.sign_in where source = %(source)s and outcome = 'wrong' and at > %(since)s

-- name: add_attempt
-- An attempt: wrong until it is known to be right.
insert into smartpark.sign_in (at, login, source, outcome) values (%(now)s, %(login)s, %(source)s, %(outcome)s)
returning attempt

-- name: attempt_done
-- It was right.
update smartpark.sign_in set outcome = 'done' where attempt = %(attempt)s
