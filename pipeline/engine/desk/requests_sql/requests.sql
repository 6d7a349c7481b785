-- name: overdue_requests
-- Requests whose outcome is past due and that nobody supervises yet.
select request, due from smartpark.service_request
 where due < %(now)s and not supervised and state in ('received', 'quoted', 'accepted', 'in_progress')
 order by due limit %(bite)s;

-- name: expired_quotes
-- Requests whose quote awaits an answer beyond its time.
select q.request from smartpark.quote q join smartpark.service_request r using (request)
 where q.answer is null and q.valid_until < %(now)s and r.state = 'quoted'
 order by q.valid_until limit %(bite)s;

-- name: silent_requests
-- Requests without a work order that can be closed: confirmed, or answered so long ago that silence is an answer.
select request, state from smartpark.service_request
 where work_order is null and (state = 'confirmed' or (state = 'answered' and answered <= %(until)s))
 order by answered limit %(bite)s;

-- name: forget_contacts
-- How to reach who asked, where the request was closed before a time.
update smartpark.service_request set contact = null
 where contact is not null and closed < %(until)s;

-- name: forget_tries
-- Addresses from which somebody came without sign-in, before a time.
delete from smartpark.visitor_try where at < %(until)s;

-- name: forget_photos
-- Photos that nothing shows, sent before a time.
delete from smartpark.photo p
 where p.added < %(until)s and not exists (select from smartpark.photo_link l where l.photo = p.photo);
