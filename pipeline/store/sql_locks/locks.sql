-- name: lock
-- Takes an advisory lock for this connection, or says that someone else has it.
select pg_try_advisory_lock(%(kind)s::int, %(key)s::int);

-- name: unlock
-- Gives an advisory lock back.
select pg_advisory_unlock(%(kind)s::int, %(key)s::int);

-- name: lock_in_transaction
-- Takes an advisory lock until the end of the transaction, or says that someone else has it.
select pg_try_advisory_xact_lock(%(kind)s::int, %(key)s::int);

-- name: count_locks
-- How many advisory locks of a kind are held in this database.
select count(*) from pg_locks
 where locktype = 'advisory' and granted and classid = %(kind)s::oid
   and database = (select oid from pg_database where datname = current_database());
