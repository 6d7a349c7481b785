-- name: session_of
-- Whose session has this digest, if it still holds.
select s.session, s.seen, p.person, p.park_id, p.login, p.name, p.role, p.language, p.company_id, p.contractor_id
  from smartpark.session s join smartpark.person p using (person)
 where s.digest = %(digest)s and s.revoked is null and s.expires > %(now)s and s.seen > %(idle_since)s and p.active

-- name: see_session
-- Says that a session is in use; at most once a minute, or every request would write.
update smartpark.session set seen = %(now)s where session = %(session)s and seen < %(before)s

-- name: add_session
-- A new session of a person.
insert into smartpark.session (digest, person, created, seen, expires, agent)
values (%(digest)s, %(person)s, %(now)s, %(now)s, %(expires)s, %(agent)s) returning session

-- name: revoke_session
-- Ends one session of a person that was not ended yet.
update smartpark.session set revoked = %(now)s
 where session = %(session)s and person = %(person)s and revoked is null

-- name: revoke_sessions_of
-- Ends a person's sessions, all but one where that is told.
update smartpark.session set revoked = %(now)s
 where person = %(person)s and revoked is null and session is distinct from %(but)s

-- name: sessions_of
-- A person's sessions that hold, the newest first.
select session, created, seen, expires, agent from smartpark.session
 where person = %(person)s and revoked is null and expires > %(now)s and seen > %(idle_since)s order by created desc

-- name: token_of
-- Which token has this digest, if it still holds.
select token, park_id, name, role, scopes, company_id, seen from smartpark.api_token
 where digest = %(digest)s and revoked is null and (expires is null or expires > %(now)s)

-- name: see_token
-- Says that a token is in use; at most once a minute.
update smartpark.api_token set seen = %(now)s where token = %(token)s and (seen is null or seen < %(before)s)

-- name: add_token
-- A new token.
insert into smartpark.api_token (park_id, digest, name, role, scopes, company_id, made_by, created, expires)
values (%(park)s, %(digest)s, %(name)s, %(role)s, %(scopes)s, %(company)s, %(actor)s, %(now)s, %(expires)s)
returning token

-- name: revoke_token
-- Ends a token that holds.
update smartpark.api_token set revoked = %(now)s where token = %(token)s and park_id = %(park)s and revoked is null
returning name

-- name: token_list
-- A park's tokens that were not revoked, by name.
select token, name, role, scopes, company_id, made_by, created, seen, expires from smartpark.api_token
 where park_id = %(park)s and revoked is null order by name

-- name: passes_that_hold
-- Which of these sessions and tokens still hold: what an open stream stands on.
select 'session' as kind, s.session as number from smartpark.session s join smartpark.person p using (person)
 where s.session = any(%(sessions)s) and s.revoked is null and s.expires > %(now)s and p.active
 union all
select 'token', t.token from smartpark.api_token t
 where t.token = any(%(tokens)s) and t.revoked is null and (t.expires is null or t.expires > %(now)s)
