-- Whom messages went to, at most two of each: for complaints that name a message and not its recipient. Only events of
-- the writer's own partition, because the states of their messages are in its hands. The batch that asks is left out.
SELECT tenant, message_id, groupUniqArray(2)(recipient) AS recipients
FROM events
WHERE tenant IN {tenants:Array(String)} AND message_id IN {messages:Array(String)} AND recipient != ''
    AND occurred_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND shard = {shard:UInt16} AND batch_id != {batch:UInt64}
GROUP BY tenant, message_id
