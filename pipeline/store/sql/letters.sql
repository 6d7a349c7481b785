-- name: waiting_letters
-- A page of dead letters that were not stored by a replay yet.
select dead_letter, sealed from smartpark.dead_letter
 where dead_letter > %(after)s and outcome is distinct from 'stored'
   and (%(reason)s::text is null or reason = %(reason)s)
 order by dead_letter limit 500;

-- name: settle_letter
-- Notes when a dead letter was replayed and what became of it.
update smartpark.dead_letter set replayed = %(now)s, outcome = %(outcome)s where dead_letter = %(number)s;
