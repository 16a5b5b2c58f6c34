-- The months of a batch that the base table already has; each is there whole or not at all.
SELECT DISTINCT toYYYYMM(occurred_at) AS month FROM events WHERE batch_id = {batch:UInt64}
