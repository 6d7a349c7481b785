-- name: add_link
-- A link for one person to do one thing to one order, once.
insert into smartpark.signed_link (digest, purpose, work_order, person, created, expires)
values (%(digest)s, %(purpose)s, %(order)s, %(person)s, %(now)s, %(expires)s)

-- name: link_of
-- What a link is for, and for whom.
select l.link, l.purpose, l.work_order, l.expires, l.used, p.person, p.login, p.name, p.language, p.park_id
  from smartpark.signed_link l join smartpark.person p using (person)
 where l.digest = %(digest)s and p.active

-- name: use_link
-- The claim: who gets the row may do it, nobody after.
update smartpark.signed_link set used = %(now)s where link = %(link)s and used is null and expires > %(now)s
