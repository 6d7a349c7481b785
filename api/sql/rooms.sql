-- name: room_list
-- Rooms that can be booked, with what their sensor said last, and whether they are free now.
select r.room_id, r.name_zh, r.name_en, r.space_id, r.space_zh, r.space_en, r.seats, r.opens, r.closes, r.seen, r.seen_at,
       r.seen_quality,
       not exists (select from park.bookings b
                    where b.park_id = r.park_id and b.room_id = r.room_id and b.ended is null
                      and b.since <= %(now)s and b.until > %(now)s) as free
  from park.rooms r
 where r.park_id = %(park)s and not r.retired
 order by r.room_id

-- name: booking_list
-- Bookings that touch a span of time, the earliest first; `mine`: of one's company, those that were ended too.
select b.*
  from park.bookings b
 where b.park_id = %(park)s and b.since < %(until)s and b.until > %(since)s
   and (%(room)s::text is null or b.room_id = %(room)s)
   and case when %(mine)s::boolean then b.company_id = %(company)s::text or b.person = %(person)s::integer
            else b.ended is null end
 order by b.since, b.booking
 limit 2000

-- name: booking_row
-- One booking.
select * from park.bookings where booking = %(booking)s
