-- The rows of a batch that the base table already has.
SELECT event_key, weight, correction FROM events WHERE batch_id = {batch:UInt64}
