-- name: open_quote
-- The quote of a request that awaits an answer.
select quote, amount, valid_until from smartpark.quote where request = %(request)s and answer is null;

-- name: answer_quote
-- The answer to a quote that awaits one.
update smartpark.quote set answer = %(answer)s, answered = %(now)s, answered_by = %(actor)s
 where request = %(request)s and answer is null;

-- name: add_quote
-- A price for a request.
insert into smartpark.quote (request, amount, words, made_by, made, valid_until)
values (%(request)s, %(amount)s, %(words)s, %(actor)s, %(now)s, %(valid_until)s)
returning quote;
