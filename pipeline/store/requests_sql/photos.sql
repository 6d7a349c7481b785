-- name: add_photo
-- A photo, once for its bytes; sent again, it is kept as long as a new one.
insert into smartpark.photo (photo, park_id, media_type, bytes, size, added, added_by)
values (%(photo)s, %(park)s, %(media_type)s, %(bytes)s, %(size)s, %(now)s, %(actor)s)
on conflict (photo) do update set added = excluded.added;

-- name: photos_known
-- Those of some photos that a park has.
select photo from smartpark.photo where park_id = %(park)s and photo = any (%(photos)s::bytea[]);

-- name: partners
-- A request and its work order, whichever of them is known.
select q.request, o.work_order, coalesce(q.park_id, o.park_id) as park_id
  from (select %(subject)s::text as subject, %(number)s::bigint as number) asked
  left join smartpark.work_order o
    on (asked.subject = 'order' and o.work_order = asked.number)
    or (asked.subject = 'request'
        and o.work_order = (select work_order from smartpark.service_request where request = asked.number))
  left join smartpark.service_request q
    on q.request = case asked.subject when 'request' then asked.number else o.request end;

-- name: link_photos
-- Photos of a request or an order; those that it has already stay as they are.
insert into smartpark.photo_link (photo, subject, number, what, at, actor)
select unnest(%(photos)s::bytea[]), %(subject)s, %(number)s, %(what)s, %(now)s, %(actor)s
on conflict do nothing;

-- name: copy_links
-- What a request shows, its order shows too.
insert into smartpark.photo_link (photo, subject, number, what, at, actor)
select photo, 'order', %(order)s, what, at, actor from smartpark.photo_link
 where subject = 'request' and number = %(request)s
on conflict do nothing;

-- name: copy_links_back
-- What an order shows, the request that it came from shows too.
insert into smartpark.photo_link (photo, subject, number, what, at, actor)
select photo, 'request', %(request)s, what, at, actor from smartpark.photo_link
 where subject = 'order' and number = %(order)s
on conflict do nothing;
