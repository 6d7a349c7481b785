-- What people asked for, with names and how it ended; without their contact, which the desk alone reads.
create view park.services as
  select park_id, service_id, category, place, name_zh, name_en, hint_zh, hint_en, skill, priority, department, paid, days,
         visitors, contractor_id, retired
    from smartpark.service;

create view park.requests as
  select r.request, r.park_id, r.service_id, r.category, v.name_zh as service_zh, v.name_en as service_en, r.company_id,
         c.name_zh as company_zh, c.name_en as company_en, r.person, p.login as person_login, r.channel, r.entered_by,
         r.space_id, s.name_zh as space_zh, s.name_en as space_en, b.building_id, b.building_zh, b.building_en, d.device_id,
         d.name_zh as device_zh, d.name_en as device_en, r.words, r.state, r.version, r.department, r.due, r.supervised,
         r.outcome, r.appointment, r.work_order, r.created, r.answered, r.closed, v.paid, t.stars, t.words as rating_words,
         t.at as rated
    from smartpark.service_request r
    join smartpark.service v on v.park_id = r.park_id and v.service_id = r.service_id
    left join smartpark.company c on c.park_id = r.park_id and c.company_id = r.company_id
    left join smartpark.person p using (person)
    left join smartpark.space s on s.park_id = r.park_id and s.space_id = r.space_id
    left join park.space_buildings b on b.park_id = r.park_id and b.space_id = r.space_id
    left join smartpark.device d on d.device = r.device
    left join smartpark.rating t using (request);

create view park.request_events as
  select e.entry, r.park_id, e.request, e.at, e.actor, e.action, e.from_state, e.to_state, e.reason, e.detail
    from smartpark.request_event e join smartpark.service_request r using (request);

-- Who made a request without sign-in shows its client id; a hash is enough to tell that it is the one.
create view park.request_keys as
  select request, sha256(client_id::text::bytea) as key from smartpark.service_request where person is null;

create view park.quotes as
  select q.quote, r.park_id, q.request, q.amount, q.words, q.made_by, q.made, q.valid_until, q.answer, q.answered,
         q.answered_by
    from smartpark.quote q join smartpark.service_request r using (request);

create view park.surveys as
  select survey, park_id, name_zh, name_en, opens, closes from smartpark.survey;
create view park.survey_answers as
  select a.survey, s.park_id, a.company_id, a.stars, a.words, a.at, a.actor
    from smartpark.survey_answer a join smartpark.survey s using (survey);

-- Rooms with what their sensor saw last.
create view park.rooms as
  select m.number as room, m.park_id, m.room_id, m.space_id, s.name_zh as space_zh, s.name_en as space_en, m.name_zh,
         m.name_en, m.seats, m.point, m.opens, m.closes, m.retired, l.value as seen, l.ts as seen_at, l.quality as seen_quality
    from smartpark.room m
    left join smartpark.space s on s.park_id = m.park_id and s.space_id = m.space_id
    left join smartpark.latest l using (point);

create view park.bookings as
  select b.booking, m.park_id, m.room_id, m.name_zh as room_zh, m.name_en as room_en, b.company_id, c.name_zh as company_zh,
         c.name_en as company_en, b.person, lower(b.during) as since, upper(b.during) as until, b.subject, b.made, b.made_by,
         b.ended, b.ended_by, b.ended_why
    from smartpark.booking b
    join smartpark.room m on m.number = b.room
    left join smartpark.company c on c.park_id = m.park_id and c.company_id = b.company_id;

-- What a code stands for: names of places, and nothing else of them.
create view park.place_codes as
  select k.code, k.park_id, coalesce(k.space_id, d.space_id) as space_id, s.name_zh as space_zh, s.name_en as space_en,
         b.building_id, b.building_zh, b.building_en, d.device_id, d.name_zh as device_zh, d.name_en as device_en, k.made,
         k.revoked
    from smartpark.place_code k
    left join smartpark.device d using (device)
    left join smartpark.space s on s.park_id = k.park_id and s.space_id = coalesce(k.space_id, d.space_id)
    left join park.space_buildings b on b.park_id = k.park_id and b.space_id = coalesce(k.space_id, d.space_id);
