-- name: newest_batch
-- Park time of the newest committed batch, whoever wrote it: where the data end.
select max(at) from smartpark.ingest_batch;
