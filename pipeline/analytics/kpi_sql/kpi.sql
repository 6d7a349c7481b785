-- name: clocks
-- Promises that ran out in a span, or could have been kept within it, and those that still run.
select work_order, kind, state, target_s, started, due, stopped, spent_s, wall_s, paused_s, provisional, origin, service,
       priority, space, company, contractor, assignee, created, taken, arrived, fault
  from park.kpi_clocks
 where park_id = %(park)s
   and (due >= %(since)s and due < %(until)s or started >= %(early)s and started < %(until)s or stopped is null or fault is not null)
 order by work_order, kind;

-- name: orders
-- Orders that were done for the first time, or reached, in a span.
select work_order, origin, cause, service, priority, space, company, contractor, assignee, state, created, responded,
       closed, proof, first_done, reopened, again, reached_s
  from park.kpi_orders
 where park_id = %(park)s
   and (first_done >= %(since)s and first_done < %(until)s or responded >= %(since)s and responded < %(until)s)
 order by work_order;

-- name: spells
-- What took the time of promises that were missed.
select work_order, kind, seq, state, reason, open_s, paused_s
  from park.kpi_missed(%(park)s, %(since)s, %(until)s, %(now)s);

-- name: requests
-- Requests that came, or were answered, in a span.
select request, service, company, channel, created, answered, state, stars, rated, contractor, assignee
  from park.kpi_requests
 where park_id = %(park)s
   and (created >= %(since)s and created < %(until)s or answered >= %(since)s and answered < %(until)s)
 order by request;

-- name: surveys
-- Surveys that were open in a span, answer by answer.
select survey, name_zh, name_en, opens, closes, company_id, stars, asked from park.kpi_surveys
 where park_id = %(park)s and opens < %(until)s and closes >= %(since)s
 order by opens, survey, company_id;

-- name: names
-- What the keys of groups are called.
select "by", key, name_zh, name_en from park.kpi_names where park_id = %(park)s;

-- name: zone
-- The park's time zone.
select time_zone from park.parks where park_id = %(park)s;

-- name: history
-- All promises of a park in the order in which they began, for the forecast.
select work_order, kind, state, target_s, started, due, stopped, spent_s, wall_s, paused_s, provisional, origin, service,
       priority, space, company, contractor, assignee, created, taken, arrived, fault
  from park.kpi_clocks where park_id = %(park)s and started >= %(since)s order by started, work_order, kind;

-- name: running
-- Clocks that run, and the open seconds that are left of them.
select r.work_order, r.kind, r.left_s, w.title_zh, w.title_en, w.priority, w.state as order_state, w.assignee_login,
       w.assignee_name
  from park.kpi_running(%(park)s, %(now)s) r join park.work_orders w using (work_order)
 order by 1, 2;
