-- Clocks derived in SQL, by multiranges and windows: the twin of domain/sla_clock.py, which is tested against it.
-- Figures and evidence ask it for the time spent at any instant. null stands for what lies past the loaded calendar.

create view park.calendar_versions as
  select v.park_id, v.calendar_id, v.version, v.loaded, p.time_zone
    from smartpark.business_calendar_version v join smartpark.park p using (park_id);

create view park.calendar_spans as
  select park_id, calendar_id, version, during from smartpark.calendar_open;

create function park.sla_seconds(spans tstzmultirange) returns double precision language sql immutable as $$
  select coalesce(sum(extract(epoch from upper(s)) - extract(epoch from lower(s))), 0)::double precision
    from unnest(spans) as s
$$;

-- Open time between two instants; null where that is not loaded.
create function park.sla_open(park text, calendar text, version integer, since timestamptz, until timestamptz)
returns tstzmultirange language sql stable
begin atomic
  select coalesce(range_agg(s.during * tstzrange(since, greatest(since, until))), '{}')
    from park.calendar_versions v
    left join park.calendar_spans s on s.park_id = v.park_id and s.calendar_id = v.calendar_id
                                   and s.version = v.version and s.during && tstzrange(since, greatest(since, until))
   where v.park_id = $1 and v.calendar_id = $2 and v.version = $3
     and lower(v.loaded) <= since and upper(v.loaded) >= greatest(since, until)
  having count(v.version) > 0;
end;

-- The first instant at which so many seconds of the spans have passed since an instant.
create function park.sla_due(spans tstzmultirange, start timestamptz, seconds double precision)
returns timestamptz language sql immutable as $$
  select case when seconds <= 0 then start else
    (select upper(s) - make_interval(secs => (c.upto - seconds::numeric)::double precision)
       from (select s, sum(extract(epoch from upper(s)) - extract(epoch from lower(s))) over (order by s) as upto
               from unnest(spans * tstzmultirange(tstzrange(start, null))) as s) as c
      where c.upto >= seconds::numeric order by s limit 1) end
$$;

-- When a clock of an order stopped, whether provisionally, and when a stop was last taken back.
create function park.sla_stop(asked bigint, kind text, out at timestamptz, out provisional boolean,
                              out taken_back timestamptz)
language sql stable
begin atomic
  with e as (select seq, action, happened from park.work_order_events where work_order = asked),
  came as (select min(seq) as seq from e where action in ('arrive', 'finish')),
  back as (  -- what takes a stop of this kind back: the last one
    select e.seq, e.happened from e, came
     where (kind = 'acknowledge' and action = 'release' and (came.seq is null or e.seq < came.seq))
        or (kind = 'restore' and action = 'reopen')
     order by 1 desc limit 1),
  stop as (
    select e.seq, greatest(e.happened, (select back.happened from back)) as at from e, came
     where e.seq > coalesce((select back.seq from back), 0)
       and ((kind = 'acknowledge' and action = 'accept' and (came.seq is null or e.seq < came.seq))
         or (kind = 'respond' and e.seq = came.seq) or (kind = 'restore' and action = 'finish'))
     order by 1 limit 1)
  select s.at, coalesce(kind = 'restore' and s.at is not null and not exists (
           select from e where e.seq > s.seq and action in ('verify', 'confirm', 'close')), false), b.happened
    from (select) as one left join stop s on true left join back b on true;
end;

-- When an order was rejected or cancelled, unless it was opened again.
create function park.sla_void(asked bigint) returns timestamptz language sql stable
begin atomic
  select e.happened from park.work_order_events e
   where e.work_order = asked and e.action in ('reject', 'cancel')
     and not exists (select from park.work_order_events r
                      where r.work_order = asked and r.action = 'reopen' and r.seq > e.seq)
   order by e.seq desc limit 1;
end;

-- What of an order's waits may stop restore's clock by these terms; the one that lasts as if it went on.
create function park.sla_pauses(asked bigint, terms jsonb, ended_only boolean default false) returns tstzmultirange
language sql stable
begin atomic
  with e as (select seq, action, to_state, happened, reason from park.work_order_events where work_order = asked),
  wait as (
    select w.seq, w.happened as said, w.reason, coalesce((terms -> 'pauses' ->> w.reason)::double precision, 0) as most,
           (select n.happened from e n where n.seq > w.seq and n.to_state <> 'waiting' order by n.seq limit 1) as over
      from e w where w.action = 'wait'),
  placed as (
    select seq, reason, most, over, greatest(said, max(greatest(said, over)) over earlier) as since from wait
    window earlier as (order by seq rows between unbounded preceding and 1 preceding)),
  long as (
    select seq, reason, most, since, case when over is null then most
             else least(most, extract(epoch from greatest(over, since)) - extract(epoch from since)) end as s
      from placed where over is not null or not ended_only),
  by_reason as (
    select seq, since, greatest(0, least(s, most - coalesce(sum(s) over (partition by reason order by seq
             rows between unbounded preceding and 1 preceding), 0))) as s from long),
  in_all as (
    select since, greatest(0, least(s, coalesce((terms ->> 'pauses_sum_s')::double precision, 'infinity')
             - coalesce(sum(s) over (order by seq rows between unbounded preceding and 1 preceding), 0))) as s
      from by_reason)
  select coalesce(range_agg(tstzrange(since, since + make_interval(secs => s))) filter (where s > 0), '{}') from in_all;
end;

-- The seconds that a target asks for from an instant on: its own, or to the end of the n-th day after that is open.
create function park.sla_target(park text, target jsonb, start timestamptz) returns double precision
language plpgsql stable as $$
declare
  spans tstzmultirange; zone text; bounds tstzrange; ends timestamptz;
begin
  if target ? 's' then return (target ->> 's')::double precision; end if;
  select v.time_zone, v.loaded into zone, bounds from park.calendar_versions v
   where v.park_id = park and v.calendar_id = target ->> 'calendar'
     and v.version = (target ->> 'calendar_version')::integer;
  spans := park.sla_open(park, target ->> 'calendar', (target ->> 'calendar_version')::integer, start, upper(bounds));
  select upper(spans * tstzmultirange(d.during)) into ends
    from (select tstzrange(day at time zone zone, (day + interval '1 day') at time zone zone) as during
            from generate_series(date_trunc('day', start at time zone zone) + interval '1 day',
                                 upper(bounds) at time zone zone - interval '1 day', interval '1 day') as day) as d
   where not isempty(spans * tstzmultirange(d.during))
   order by d.during offset coalesce((target ->> 'days')::integer, 1) - 1 limit 1;
  return park.sla_seconds(spans * tstzmultirange(tstzrange(start, ends)))
         + case when ends is null then null::double precision else 0 end;
end $$;

-- When the target of terms is used up from an instant on; `infinity` past the loaded calendar.
create function park.sla_promise(park text, asked bigint, kind text, terms jsonb, start timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  target jsonb := terms -> 'targets' -> kind;
  until timestamptz; spans tstzmultirange;
begin
  select upper(v.loaded) into until from park.calendar_versions v
   where v.park_id = park and v.calendar_id = target ->> 'calendar'
     and v.version = (target ->> 'calendar_version')::integer;
  spans := park.sla_open(park, target ->> 'calendar', (target ->> 'calendar_version')::integer, start, until);
  if kind = 'restore' then spans := spans - park.sla_pauses(asked, terms); end if;
  return coalesce(park.sla_due(spans, start, park.sla_target(park, target, start)), 'infinity');
end $$;

-- By which terms an order's clock runs, and when it is due: as opened with, then as each change made it. A change
-- counts only before the clock stopped, and where the promise was not broken by then.
create function park.sla_terms(asked bigint, kind text, out terms jsonb, out due timestamptz, out appointment boolean,
                               out changed timestamptz)
language plpgsql stable as $$
declare
  o record; c record; first timestamptz; begin_at timestamptz;
  ats timestamptz[]; firsts timestamptz[];  -- terms so far: since when, and when their target from the start is used up
begin
  select w.park_id, w.created, coalesce((park.sla_stop(asked, kind)).at, (park.sla_void(asked))) as ends into o
    from park.work_orders w where w.work_order = asked;
  appointment := false;
  for c in
    select * from (
      select e.seq, greatest(o.created, max(e.happened) over (order by e.seq)) as at, e.detail -> 'terms' as terms,
             case when e.action = 'appoint' then (e.detail ->> 'at')::timestamptz end as chosen,
             e.action = 'appoint' as appoints
        from park.work_order_events e
       where e.work_order = asked and (e.detail ? 'terms' or e.action = 'appoint')) as all_changes
     where kind = 'respond' or not appoints
     order by seq
  loop
    if terms is null then
      terms := c.terms;
      due := park.sla_promise(o.park_id, asked, kind, terms, o.created);
      ats := array[o.created];
      firsts := array[due];
      continue;
    end if;
    exit when due <= c.at or c.at >= o.ends;
    changed := c.at;
    if c.appoints then
      appointment := true;
      due := greatest(c.chosen, c.at);
      continue;
    end if;
    terms := c.terms;
    if not appointment then
      first := park.sla_promise(o.park_id, asked, kind, terms, o.created);
      begin_at := coalesce((select min(b.at) from unnest(ats, firsts) as b (at, dues) where b.dues <= first), c.at);
      due := greatest(first, least(due, greatest(park.sla_promise(o.park_id, asked, kind, terms, begin_at), c.at)));
      ats := ats || c.at;
      firsts := firsts || first;
    end if;
  end loop;
end $$;

-- Seconds of its calendar that a clock has counted up to an instant, or to its stop where that was before; null past
-- the loaded calendar.
create function park.sla_counted(asked bigint, kind text, until timestamptz) returns double precision
language plpgsql stable as $$
declare
  o record; terms jsonb; spans tstzmultirange; target jsonb;
begin
  select w.park_id, w.created, least(until, (park.sla_stop(asked, kind)).at, park.sla_void(asked)) as ends into o
    from park.work_orders w where w.work_order = asked;
  terms := (park.sla_terms(asked, kind)).terms;
  target := terms -> 'targets' -> kind;
  spans := park.sla_open(o.park_id, target ->> 'calendar', (target ->> 'calendar_version')::integer, o.created, o.ends);
  if spans is null then return null; end if;
  if kind = 'restore' then spans := spans - park.sla_pauses(asked, terms); end if;
  return park.sla_seconds(spans);
end $$;

-- The same; an error past the loaded calendar, never a number.
create function park.sla_spent(asked bigint, kind text, until timestamptz) returns double precision
language plpgsql stable as $$
declare
  counted double precision := park.sla_counted(asked, kind, until);
begin
  if counted is null then
    raise exception 'order %: this lies beyond what is known of its calendar', asked using errcode = 'data_exception';
  end if;
  return counted;
end $$;

-- One clock of an order, as sla_clock has it.
create function park.sla_derived(asked bigint, kind text, now timestamptz, out state text,
  out target_s double precision, out due timestamptz, out stopped timestamptz, out spent_s double precision,
  out wall_s double precision, out paused_s double precision, out breached timestamptz, out provisional boolean,
  out resumes timestamptz)
language plpgsql stable as $$
declare
  o record; t record; s record; ends timestamptz; target jsonb; spans tstzmultirange; waits tstzmultirange; last record;
begin
  select w.park_id, w.created into o from park.work_orders w where w.work_order = asked;
  select * into s from park.sla_stop(asked, kind);
  select * into t from park.sla_terms(asked, kind);
  stopped := s.at;
  provisional := s.provisional;
  ends := coalesce(s.at, park.sla_void(asked));
  due := nullif(t.due, 'infinity');
  target := t.terms -> 'targets' -> kind;
  waits := case when kind = 'restore' then park.sla_pauses(asked, t.terms, ends is null) else '{}' end;
  spans := park.sla_open(o.park_id, target ->> 'calendar', (target ->> 'calendar_version')::integer, o.created,
                         coalesce(least(upper(waits), ends), o.created));
  paused_s := park.sla_seconds(spans * waits * tstzmultirange(tstzrange(null, ends)));
  if due < ends or (ends is null and due <= now) then breached := due; end if;
  if not t.appointment then
    target_s := case when due is null and t.changed is null then (target ->> 's')::double precision
      else park.sla_seconds(park.sla_open(o.park_id, target ->> 'calendar', (target ->> 'calendar_version')::integer,
                                          o.created, due)
             - case when kind = 'restore' then park.sla_pauses(asked, t.terms) else '{}' end) end;
  end if;
  if ends is not null then
    spent_s := park.sla_counted(asked, kind, ends);
    wall_s := extract(epoch from ends) - extract(epoch from o.created);
    state := case when s.at is null then 'void' when spent_s is null and due is null then 'running'
                  when breached is null then 'met' else 'missed' end;
    if s.at is null then due := null; end if;
    return;
  end if;
  select e.to_state, upper(park.sla_pauses(asked, t.terms)) as until,
         park.sla_pauses(asked, t.terms) - park.sla_pauses(asked, t.terms, true) as lasting into last
    from park.work_order_events e where e.work_order = asked order by e.seq desc limit 1;
  if kind = 'restore' and last.to_state = 'waiting' and not isempty(last.lasting) and last.until > now then
    resumes := last.until;
  end if;
  state := case when resumes is null then 'running' else 'paused' end;
  if resumes is not null and breached is null then due := null; end if;
end $$;
