-- Who is on duty and was asked, and what became of messages: never an address, a link or their words.
create view park.rotas as
  select park_id, rota_id, name_zh, name_en, skills, space_id, retired from smartpark.rota;

create view park.shifts as
  select s.shift, s.park_id, s.rota_id, s.person, p.login, p.name, p.active, lower(s.during) as starts,
         upper(s.during) as ends, s.during, s.level, s.made_by
    from smartpark.shift s join smartpark.person p using (person);

create view park.shift_changes as
  select c.change, c.park_id, c.rota_id, lower(c.during) as starts, upper(c.during) as ends, c.during, c.away,
         a.login as away_login, a.name as away_name, c.instead, i.login as instead_login, i.name as instead_name,
         i.active, c.level, c.reason, c.made_by, c.made, c.cancelled
    from smartpark.shift_change c
    left join smartpark.person a on a.person = c.away
    left join smartpark.person i on i.person = c.instead;

-- people: logins, in the order in which they were told.
create view park.escalations as
  select o.park_id, e.work_order, e.round, e.step, e.level, e.due, e.fired, e.ended, e.why,
         (select coalesce(array_agg(p.login order by t.place), '{}')
            from unnest(e.people) with ordinality t (person, place)
            join smartpark.person p on p.person = t.person) as people
    from smartpark.escalation e join smartpark.work_order o using (work_order);

create view park.notifications as
  select n.notification, n.park_id, n.person, p.login, p.name, n.work_order, n.alarm, n.cause, n.place, n.channel, n.subject,
         n.urgency, n.state, n.attempts, n.made, n.next, n.deadline, n.ended, n.error, n.error_text, n.provider_id
    from smartpark.notification n join smartpark.person p using (person);
