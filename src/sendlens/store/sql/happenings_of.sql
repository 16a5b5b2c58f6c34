-- Deliveries and acts of some messages on some days, each with the verdict that holds: for what happened earlier than the
-- memory of the writer reaches. The batch that asks is left out.
SELECT {include:happening_columns}
FROM events
WHERE tenant IN {tenants:Array(String)} AND toUInt16(toDate(occurred_at)) IN {days:Array(UInt16)} AND message_key IN {keys:Array(UInt64)}
    AND type IN ('delivered', 'opened', 'clicked', 'unsubscribed') AND weight > 0 AND batch_id != {batch:UInt64}
ORDER BY batch_id DESC
LIMIT 1 BY message_key, event_key, occurred_at
