-- Work orders as screens, figures and the simulator's ground truth read them: with names, and who has them.
create view park.work_orders as
  select o.work_order, o.park_id, o.origin, o.cause, o.service, v.category, v.name_zh as service_zh, v.name_en as service_en,
         o.skill, o.priority, o.title_zh, o.title_en, o.words, o.space_id, s.name_zh as space_zh, s.name_en as space_en,
         b.building_id, b.building_zh, b.building_en, d.device_id, d.name_zh as device_zh, d.name_en as device_en, o.point,
         o.company_id, c.name_zh as company_zh, c.name_en as company_en, o.contractor_id, k.name_zh as contractor_zh,
         k.name_en as contractor_en, o.alarm, o.incident, o.request, o.plan, o.state, o.version, o.assignee,
         p.login as assignee_login, p.name as assignee_name, o.terms, o.appointment, o.waiting_for, o.verify_s, o.verified,
         o.proof, o.occurrences, o.reopenings, o.created, o.acknowledged, o.responded, o.done, o.closed
    from smartpark.work_order o
    left join smartpark.service v on v.park_id = o.park_id and v.service_id = o.service
    left join smartpark.space s on s.park_id = o.park_id and s.space_id = o.space_id
    left join park.space_buildings b on b.park_id = o.park_id and b.space_id = o.space_id
    left join smartpark.device d on d.device = o.device
    left join smartpark.company c on c.park_id = o.park_id and c.company_id = o.company_id
    left join smartpark.contractor k on k.park_id = o.park_id and k.contractor_id = o.contractor_id
    left join smartpark.person p on p.person = o.assignee;

create view park.work_order_events as
  select e.event, o.park_id, e.work_order, e.seq, e.client_id, e.action, e.from_state, e.to_state, e.actor, e.person, e.at,
         e.happened, e.device_time, e.offset_s, e.reason, e.detail, e.previous, e.hash
    from smartpark.work_order_event e join smartpark.work_order o using (work_order);

create view park.photos as
  select l.subject, l.number, l.what, l.at, l.actor, l.photo, p.park_id, p.media_type, p.size
    from smartpark.photo_link l join smartpark.photo p using (photo);
create view park.photo_bytes as select photo, park_id, media_type, bytes from smartpark.photo;
