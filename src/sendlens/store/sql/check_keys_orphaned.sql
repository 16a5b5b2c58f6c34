-- Keys without their event: a repetition of that event would be taken for a duplicate of nothing, and be lost.
SELECT count() AS wrong, any(format('event key {}, batch {}', toString(event_key), toString(batch_id))) AS example
FROM event_keys
WHERE event_key % {slices:UInt64} = {slice:UInt64}
    AND (bucket, event_key, batch_id) NOT IN (
        SELECT key_bucket, event_key, batch_id FROM events WHERE event_key % {slices:UInt64} = {slice:UInt64}
    )
