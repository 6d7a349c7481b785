-- What the figures of service are made from (docs/kpi.md): promises and how they ended, orders and their spells, requests.

-- Every clock that counts, with what it is grouped by. due: when the promise ran out, or would have; it stays where a
-- clock stopped early, so that everybody is counted in the span of the promise; null: paused, and not run out, or past
-- the calendar (fault). taken, arrived: how far the order was.
create view park.kpi_clocks as
  select o.park_id, c.work_order, c.kind, c.state, c.target_s, c.started,
         case when c.fault is not null then null when c.state = 'paused' then c.breached
              else coalesce(c.breached, c.due, c.stopped) end as due,
         c.stopped, c.spent_s, c.wall_s, c.paused_s, c.provisional, c.fault, o.origin, o.service, o.priority,
         b.building_id as space, o.company_id as company, o.contractor_id as contractor, p.login as assignee, o.created,
         o.acknowledged as taken, o.responded as arrived
    from smartpark.sla_clock c
    join smartpark.work_order o using (work_order)
    left join park.space_buildings b on b.park_id = o.park_id and b.space_id = o.space_id
    left join smartpark.person p on p.person = o.assignee
   where c.state <> 'void';

-- Every order. first_done: when somebody first said that it was done; reopened: the first time after that that it was
-- opened again; again: when another order of the same cause was opened after it. reached_s: on the wall, from when who
-- arrived first had last accepted it, until then.
create view park.kpi_orders as
  select o.work_order, o.park_id, o.origin, o.cause, o.service, o.priority, b.building_id as space, o.company_id as company,
         o.contractor_id as contractor, p.login as assignee, o.state, o.created, o.responded, o.closed, a.proof,
         f.first_done,
         (select min(e.happened) from smartpark.work_order_event e
           where e.work_order = o.work_order and e.action = 'reopen' and e.seq > f.seq) as reopened,
         (select min(n.created) from smartpark.work_order n
           where n.park_id = o.park_id and n.cause = o.cause and n.work_order > o.work_order) as again,
         extract(epoch from a.happened - (
           select max(e.happened) from smartpark.work_order_event e
            where e.work_order = o.work_order and e.action = 'accept' and e.person = a.person and e.seq < a.seq
         ))::float8 as reached_s
    from smartpark.work_order o
    left join park.space_buildings b on b.park_id = o.park_id and b.space_id = o.space_id
    left join smartpark.person p on p.person = o.assignee
    left join lateral (
      select e.seq, e.happened as first_done from smartpark.work_order_event e
       where e.work_order = o.work_order and e.action = 'finish' order by e.seq limit 1
    ) f on true
    left join lateral (
      select e.seq, e.happened, e.person, coalesce(e.detail ->> 'proof', 'claimed') as proof
        from smartpark.work_order_event e
       where e.work_order = o.work_order and e.action = 'arrive' order by e.seq limit 1
    ) a on true;

-- The spells of each order: from an event that moved it to the next one that did. A phone that was late with an event
-- cannot turn time back: a spell begins no earlier than the one before it.
create view park.kpi_spells as
  select s.park_id, s.work_order, s.seq, s.state, s.reason, s.began,
         lead(s.began) over (partition by s.work_order order by s.seq) as ended
    from (select o.park_id, e.work_order, e.seq, e.to_state as state, e.reason,
                 max(e.happened) over (partition by e.work_order order by e.seq) as began
            from smartpark.work_order_event e join smartpark.work_order o using (work_order)
           where e.from_state is distinct from e.to_state) s;

-- What was promised for each order.
create view park.kpi_terms as select work_order, terms from smartpark.work_order;

-- When calendars are open, and of which versions that is known.
create view park.kpi_open_hours as
  select v.park_id, v.calendar_id, v.version, c.during
    from smartpark.business_calendar_version v left join smartpark.calendar_open c using (park_id, calendar_id, version);

-- Seconds between two instants in which a calendar is open. `always` never closes, nor does one that nobody wrote.
create function park.kpi_open_s(of_park text, of_calendar text, of_version integer, since timestamptz, until timestamptz)
returns double precision
language sql stable
begin atomic
  select case
    when until <= since then 0
    when of_calendar = 'always' or not exists (
      select from park.kpi_open_hours v
       where v.park_id = of_park and v.calendar_id = of_calendar and v.version = of_version
    ) then extract(epoch from until - since)::float8
    else coalesce((
      select sum(extract(epoch from least(upper(c.during), until) - greatest(lower(c.during), since)))::float8
        from park.kpi_open_hours c
       where c.park_id = of_park and c.calendar_id = of_calendar and c.version = of_version
         and c.during && tstzrange(since, until)
    ), 0)
  end;
end;

-- Promises that ran out in a span and were missed as far as is known at an instant, and the open seconds that each spell
-- of the order took of them. paused_s: where waiting may stop the clock, how much it was stopped in all.
create function park.kpi_missed(of_park text, since timestamptz, until timestamptz, at timestamptz)
returns table (work_order bigint, kind text, seq integer, state text, reason text, open_s double precision,
               paused_s double precision)
language sql stable
begin atomic
  select c.work_order, c.kind, s.seq, s.state, s.reason,
         park.kpi_open_s(
           c.park_id, coalesce(o.terms #>> array['targets', c.kind, 'calendar'], 'always'),
           coalesce((o.terms #>> array['targets', c.kind, 'calendar_version'])::integer, 0),
           greatest(s.began, c.started), least(coalesce(s.ended, at), coalesce(c.stopped, at))
         ),
         case when c.kind = 'restore' and s.state = 'waiting' and o.terms -> 'pauses' ? s.reason then c.paused_s end
    from park.kpi_clocks c
    join park.kpi_terms o using (work_order)
    join park.kpi_spells s using (work_order)
   where c.park_id = of_park and c.due >= since and c.due < until
     and (c.state = 'missed' or c.state in ('running', 'paused'))
     and s.began < coalesce(c.stopped, at) and coalesce(s.ended, at) > c.started
   order by 1, 2, 3;
end;

-- Clocks that run, with the open seconds that are left of them at an instant. Paused: what is left cannot be told by the
-- clock on the wall, and is null.
create function park.kpi_running(of_park text, at timestamptz)
returns table (work_order bigint, kind text, left_s double precision)
language sql stable
begin atomic
  select c.work_order, c.kind,
         case when c.state = 'running' and c.due is not null then park.kpi_open_s(
           c.park_id, coalesce(o.terms #>> array['targets', c.kind, 'calendar'], 'always'),
           coalesce((o.terms #>> array['targets', c.kind, 'calendar_version'])::integer, 0), at, c.due
         ) end
    from park.kpi_clocks c join park.kpi_terms o using (work_order)
   where c.park_id = of_park and c.state in ('running', 'paused');
end;

-- What tenants and others asked for, by which way, and how they found it. Only who is of a company can rate.
create view park.kpi_requests as
  select r.request, r.park_id, r.service_id as service, r.company_id as company, r.channel, r.created, r.answered, r.state,
         t.stars, t.at as rated, o.contractor_id as contractor, p.login as assignee
    from smartpark.service_request r
    left join smartpark.rating t using (request)
    left join smartpark.work_order o on o.work_order = r.work_order
    left join smartpark.person p on p.person = o.assignee;

-- Periodic surveys among enterprises, answer by answer, and one row where nobody answered; asked: the park's companies.
create view park.kpi_surveys as
  select s.survey, s.park_id, s.name_zh, s.name_en, s.opens, s.closes, a.company_id, a.stars,
         (select count(*) from smartpark.company c where c.park_id = s.park_id) as asked
    from smartpark.survey s left join smartpark.survey_answer a using (survey);

-- What the keys of groups are called.
create view park.kpi_names as
  select park_id, 'service' as "by", service_id as key, name_zh, name_en from smartpark.service
  union all select park_id, 'space', space_id, name_zh, name_en from smartpark.space where kind in ('building', 'site')
  union all select park_id, 'company', company_id, name_zh, name_en from smartpark.company
  union all select park_id, 'contractor', contractor_id, name_zh, name_en from smartpark.contractor
  union all select park_id, 'assignee', login, name, name from smartpark.person;
