-- Messages born in some days of which nothing happened or was received since a time.
SELECT message_key
FROM events
WHERE tenant = {tenant:String} AND message_born BETWEEN toDate({from:UInt16}) AND toDate({until:UInt16})
GROUP BY message_key
HAVING max(greatest(occurred_at, received_at)) < fromUnixTimestamp64Milli({before:Int64})
