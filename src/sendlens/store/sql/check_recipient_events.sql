-- Events of persons that are only in one of the two: in the base table or in recipient_events. Corrections cancel out.
SELECT count() AS wrong, any(format('tenant {}, event key {}, {}', tenant, toString(event_key), type)) AS example
FROM (
    SELECT tenant, event_key, type
    FROM (
        SELECT 0 AS side, tenant, recipient_key, occurred_at, event_key, type, actor, channel, campaign_id, message_key
        FROM events
        WHERE recipient_key != 0 AND event_key % {slices:UInt64} = {slice:UInt64}
        GROUP BY tenant, recipient_key, occurred_at, event_key, type, actor, channel, campaign_id, message_key
        HAVING sum(weight) > 0
        UNION ALL
        SELECT 1 AS side, tenant, recipient_key, occurred_at, event_key, type, actor, channel, campaign_id, message_key
        FROM recipient_events FINAL
        WHERE event_key % {slices:UInt64} = {slice:UInt64}
    )
    GROUP BY tenant, recipient_key, occurred_at, event_key, type, actor, channel, campaign_id, message_key
    HAVING uniqExact(side) != 2
)
