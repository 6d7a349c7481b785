-- Consumption of counters per 15 minutes: the growth of the register since the bucket before, so that nothing
-- falls between buckets (a silence of up to a day included). A register that went back (replaced, reset, rolled
-- over) counts from zero. A function, not a view: the window must not run over all of history.
create function park.consumption_15m(since timestamptz, until timestamptz)
returns table (point integer, bucket timestamptz, amount double precision)
language sql stable
begin atomic
  select r.point, r.bucket,
         case when r.prior is null then r.last - r.first when r.last >= r.prior then r.last - r.prior else r.last end
    from (select q.point, q.bucket, q.first, q.last,
                 lag(q.last) over (partition by q.point order by q.bucket) as prior
            from park.readings_15m q join park.points p using (point)
           where p.kind = 'counter' and q.bucket >= since - interval '1 day' and q.bucket < until) as r
   where r.bucket >= since;
end;
