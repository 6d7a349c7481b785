-- name: record_change
-- One entry of the audit log.
insert into smartpark.audit_log (at, actor, action, subject, detail)
values (%(now)s, %(actor)s, %(action)s, %(subject)s, %(detail)s);
