-- Events whose verdict changes, as they stand with the verdict that holds.
SELECT * EXCEPT (batch_id)
FROM events
WHERE tenant IN {tenants:Array(String)} AND toUInt16(toDate(occurred_at)) IN {days:Array(UInt16)} AND message_key IN {messages:Array(UInt64)}
    AND event_key IN {keys:Array(UInt64)} AND type IN ('opened', 'clicked', 'unsubscribed') AND weight > 0
    AND batch_id != {batch:UInt64}
ORDER BY batch_id DESC
LIMIT 1 BY message_key, event_key, occurred_at
