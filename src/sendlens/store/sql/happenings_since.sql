-- The latest deliveries and acts, each with the verdict that holds, for the memory of the writer. The batch that asks is left
-- out: tried again after a kill, it must not meet its own rows.
SELECT {include:happening_columns}
FROM events
WHERE occurred_at >= fromUnixTimestamp64Milli({since:Int64}) AND type IN ('delivered', 'opened', 'clicked', 'unsubscribed')
    AND weight > 0 AND batch_id != {batch:UInt64}
ORDER BY occurred_at DESC, batch_id DESC
LIMIT 1 BY message_key, event_key, occurred_at
LIMIT {most:UInt64}
