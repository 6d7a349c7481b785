-- name: room
-- A room that can be booked, and its park's time zone.
select m.number, m.room_id, m.opens, m.closes, p.time_zone
  from smartpark.room m join smartpark.park p using (park_id)
 where m.park_id = %(park)s and m.room_id = %(room)s and not m.retired;

-- name: lock_room
-- Keeps two who book a room apart until the end of the transaction; the table's constraint stands behind it.
select pg_advisory_xact_lock(hashtextextended('room/' || %(number)s::text, 10));

-- name: booking_of_client
-- What a client booked with this id before.
select booking, room, lower(during) as since, upper(during) as until, made_by
  from smartpark.booking where client_id = %(client_id)s;

-- name: add_booking
-- A booking; the constraint refuses one that overlaps another of the same room.
insert into smartpark.booking (client_id, room, company_id, person, during, subject, made, made_by)
values (%(client_id)s, %(number)s, %(company_id)s, %(person)s, tstzrange(%(since)s, %(until)s, '[)'), %(subject)s, %(now)s,
  %(actor)s)
returning booking;

-- name: taken_by
-- Whose bookings stand in the way, the earliest first.
select lower(b.during) as since, upper(b.during) as until, c.name_zh, c.name_en
  from smartpark.booking b
  join smartpark.room m on m.number = b.room
  left join smartpark.company c on c.park_id = m.park_id and c.company_id = b.company_id
 where b.room = %(number)s and b.ended is null and b.during && tstzrange(%(since)s, %(until)s, '[)')
 order by lower(b.during) limit 1;

-- name: booking_to_end
-- A booking, locked.
select b.booking, m.park_id, b.company_id, b.person, upper(b.during) as until, b.ended, b.ended_why
  from smartpark.booking b join smartpark.room m on m.number = b.room
 where b.booking = %(booking)s for update of b;

-- name: end_booking
-- A booking ends before its time; nothing where it has.
update smartpark.booking set ended = %(now)s, ended_by = %(actor)s, ended_why = %(why)s
 where booking = %(booking)s and ended is null;

-- name: begun_bookings
-- Bookings that are running, of rooms with a sensor, for whose people it is high time, with that sensor's interval.
select b.booking, greatest(lower(b.during), b.made) as start, m.point, coalesce(p.interval_s, d.interval_s) as interval_s
  from smartpark.booking b
  join smartpark.room m on m.number = b.room
  join smartpark.point p on p.point = m.point
  join smartpark.device d using (device)
 where b.ended is null and b.during @> %(now)s::timestamptz
   and greatest(lower(b.during), b.made) <= %(now)s::timestamptz - make_interval(secs => %(wait_s)s)
 order by b.booking;

-- name: presence
-- What a point said within a span of time.
select ts, value, quality from smartpark.reading where point = %(point)s and ts between %(since)s and %(until)s order by ts;
