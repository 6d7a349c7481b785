-- name: reachable
-- People with their language and first contact; without a contact they stand there all the same.
select p.person, p.language, c.place, c.channel, c.address
  from smartpark.person p
  left join lateral (select c.place, c.channel, c.address from smartpark.contact c
                      where c.person = p.person order by c.place limit 1) c on true
 where p.person = any(%(people)s::int[]) and p.active;

-- name: put
-- A message to one contact of one person; the same cause again is the same message.
insert into smartpark.notification (park_id, person, work_order, alarm, cause, asks, place, channel, address, subject, body,
  urgency, link, state, made, next, deadline, ended, error, error_text)
values (%(park)s, %(person)s, %(order)s, %(alarm)s, %(cause)s, %(asks)s, %(place)s, %(channel)s, %(address)s, %(subject)s,
  %(body)s, %(urgency)s, %(link)s, %(state)s, %(now)s, %(next)s, %(deadline)s, %(ended)s, %(error)s, %(error_text)s)
on conflict (cause, person, place) do nothing;

-- name: next_contact
-- The same message to the person's next contact; nothing where there is none, or it was used before.
insert into smartpark.notification (park_id, person, work_order, alarm, cause, asks, place, channel, address, subject, body,
  urgency, link, state, made, next, deadline)
select n.park_id, n.person, n.work_order, n.alarm, n.cause, n.asks, c.place, c.channel, c.address, n.subject, n.body,
       n.urgency, n.link, 'pending', %(now)s, %(now)s, n.deadline
  from smartpark.notification n
  join lateral (select c.place, c.channel, c.address from smartpark.contact c
                 where c.person = n.person and c.place > n.place order by c.place limit 1) c on true
 where n.notification = %(notification)s and n.deadline > %(now)s
on conflict (cause, person, place) do nothing;

-- name: expire
-- What nobody needs any more: too late, or somebody took the order meanwhile. A message under way is left alone.
with over as (
  select n.notification, n.deadline <= %(now)s as late
    from smartpark.notification n left join smartpark.work_order o using (work_order)
   where n.state in ('pending', 'sending') and n.next <= %(now)s
     and (n.deadline <= %(now)s or (n.asks and o.state not in ('new', 'reopened')))
   for update of n skip locked
)
update smartpark.notification n
   set state = 'failed', next = null, ended = %(now)s, claim = null, link = null,
       error = case when over.late then 'expired' else 'withdrawn' end,
       error_text = case when over.late then concat_ws(': ', 'its deadline came first', n.error_text)
                         else 'somebody took the order meanwhile' end
  from over where n.notification = over.notification
returning n.channel, n.error;

-- name: withdraw
-- A new round asks others: who was asked in the one before, and not reached yet, need not be.
update smartpark.notification
   set state = 'failed', next = null, ended = %(now)s, link = null, error = 'withdrawn', error_text = 'others are asked now'
 where work_order = %(order)s and asks and state = 'pending';

-- name: claim
-- The state change is the claim: what is due, or whose sender gave no answer until its lease was over.
with due as (
  select n.notification from smartpark.notification n
   where n.state in ('pending', 'sending') and n.next <= %(now)s and n.deadline > %(now)s
   order by array_position(array['now', 'soon', 'later'], n.urgency), n.next, n.notification
   limit %(most)s for update skip locked
)
update smartpark.notification n
   set state = 'sending', attempts = n.attempts + 1, claim = %(claim)s, next = %(lease)s
  from due where n.notification = due.notification
returning n.notification, n.cause, n.person, n.place, n.channel, n.address, n.subject, n.body, n.urgency, n.link, n.attempts,
          n.made, n.deadline, n.work_order, n.alarm;

-- name: record
-- What became of an attempt; nothing where another sender holds the message by now.
update smartpark.notification
   set state = %(state)s, next = %(next)s, ended = %(ended)s, claim = null, error = %(error)s, error_text = %(error_text)s,
       provider_id = coalesce(%(provider_id)s, provider_id), link = case when %(ended)s::timestamptz is null then link end
 where notification = %(notification)s and claim = %(claim)s and attempts = %(attempts)s and state = 'sending';

-- name: standing
-- How much waits, and since when it is overdue.
select count(*), min(made) filter (where next <= %(now)s) from smartpark.notification where state in ('pending', 'sending');
