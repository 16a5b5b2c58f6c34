INSERT INTO expired (tenant, run, clock, measure, bucket, n)
SELECT tenant, {run:UInt64} AS run, 'receipt' AS clock, source, toStartOfMinute(toDateTime(received_at, 'UTC')) AS bucket, sum(weight)
FROM events
WHERE tenant = {tenant:String} AND message_born BETWEEN toDate({from:UInt16}) AND toDate({until:UInt16})
    AND message_key IN ({include:expired_messages})
GROUP BY tenant, source, bucket
