-- Rare: only for messages older than what the writer holds in memory.
SELECT message_key, toUInt16(min(born)) AS day
FROM messages
WHERE toUInt32(born) < {day:UInt32} AND message_key IN {keys:Array(UInt64)}
GROUP BY message_key
