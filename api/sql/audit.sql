-- name: audit_list
-- The audit log, newest first, by who, about what and when.
select entry, at, actor, action, subject, detail from park.audit_log
 where (%(after)s::bigint is null or entry < %(after)s)
   and (%(actor)s::text is null or actor = %(actor)s)
   and (%(subject)s::text is null or subject = %(subject)s or starts_with(subject, %(subject)s || '/'))
   and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s)
 order by entry desc limit %(rows)s;
