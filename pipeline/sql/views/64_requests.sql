-- What people asked for, with names and how it ended.
create view park.services as
  select park_id, service_id, category, place, name_zh, name_en, hint_zh, hint_en, skill, priority, department, paid, days,
         retired
    from smartpark.service;

create view park.requests as
  select r.request, r.park_id, r.service_id, r.category, v.name_zh as service_zh, v.name_en as service_en, r.company_id,
         c.name_zh as company_zh, c.name_en as company_en, r.person, p.login as person_login, r.channel, r.entered_by,
         r.space_id, s.name_zh as space_zh, s.name_en as space_en, d.device_id, d.name_zh as device_zh,
         d.name_en as device_en, r.words, r.state, r.version, r.department, r.due, r.supervised, r.outcome, r.appointment,
         r.work_order, r.created, r.answered, r.closed, t.stars, t.words as rating_words, t.at as rated
    from smartpark.service_request r
    join smartpark.service v on v.park_id = r.park_id and v.service_id = r.service_id
    left join smartpark.company c on c.park_id = r.park_id and c.company_id = r.company_id
    left join smartpark.person p using (person)
    left join smartpark.space s on s.park_id = r.park_id and s.space_id = r.space_id
    left join smartpark.device d on d.device = r.device
    left join smartpark.rating t using (request);

create view park.request_events as
  select e.entry, r.park_id, e.request, e.at, e.actor, e.action, e.from_state, e.to_state, e.reason, e.detail
    from smartpark.request_event e join smartpark.service_request r using (request);
