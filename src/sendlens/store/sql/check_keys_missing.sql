-- Events whose repetition would not be recognised, because their key is missing. Only days whose keys are kept count.
SELECT count() AS wrong, any(format('tenant {}, event key {}, batch {}', tenant, toString(event_key), toString(batch_id))) AS example
FROM events
WHERE correction = 0 AND event_key % {slices:UInt64} = {slice:UInt64}
    AND toDate(received_at, 'UTC') >= toDate({keys_from_day:UInt16})
    AND (key_bucket, event_key, batch_id) NOT IN (
        SELECT bucket, event_key, batch_id FROM event_keys WHERE event_key % {slices:UInt64} = {slice:UInt64}
    )
