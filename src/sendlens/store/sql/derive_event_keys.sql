-- The keys by which later batches recognise this batch's events. A key that stands twice does no harm.
-- The rows of a correction have the key of the event they correct.
INSERT INTO event_keys (bucket, event_key, batch_id, received_day)
SELECT key_bucket, event_key, batch_id, toDate(received_at)
FROM events
WHERE batch_id = {batch:UInt64} AND correction = 0
