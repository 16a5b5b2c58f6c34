-- Minutes of receipt in which the accounts of events and the events themselves differ. Corrections cancel out; what expired is known by its count.
SELECT
    count() AS wrong,
    any(format('tenant {}, source {}, received at {}: accounts {}, events {}',
        tenant, source, toString(minute), toString(told), toString(found))) AS example
FROM (
    SELECT tenant, source, minute, sum(accounted) AS told, sum(there) AS found
    FROM (
        SELECT tenant, source, minute, toInt64(stored) AS accounted, toInt64(0) AS there
        FROM intake FINAL
        WHERE kind = 'event'
        UNION ALL
        SELECT tenant, source, toStartOfMinute(toDateTime(received_at, 'UTC')) AS minute, toInt64(0) AS accounted, toInt64(weight) AS there
        FROM events
        UNION ALL
        SELECT tenant, measure AS source, bucket AS minute, toInt64(0) AS accounted, n AS there
        FROM expired
        WHERE clock = 'receipt' AND run IN (SELECT run FROM expiries)
    )
    WHERE intDiv(toUnixTimestamp(minute), 60) % {slices:UInt64} = {slice:UInt64}
    GROUP BY tenant, source, minute
    HAVING told != found
)
