-- Events that stand in the base table more than once: their weights must sum up to one, or to nothing after they were
-- taken back, and no batch may bring the same row twice. Repetitions further apart than the horizon of de-duplication
-- are by design two events.
SELECT
    count() AS wrong,
    any(format('tenant {}, event key {}: {} times, batches {}',
        tenant, toString(event_key), toString(times), toString(batches))) AS example
FROM (
    SELECT tenant, event_key, count() AS times, groupUniqArray(10)(batch_id) AS batches
    FROM events
    WHERE event_key % {slices:UInt64} = {slice:UInt64}
    GROUP BY tenant, event_key, key_bucket
    HAVING (sum(weight) NOT IN (0, 1) OR times != uniqExact(batch_id, weight))
        AND dateDiff('day', min(received_at), max(received_at)) <= {horizon_days:UInt32}
)
