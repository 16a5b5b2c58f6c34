-- Contacts that are only in one of the two: in the base table or in touchpoints. Corrections cancel out.
SELECT count() AS wrong, any(format('tenant {}, event key {}, {}', tenant, toString(event_key), type)) AS example
FROM (
    SELECT tenant, event_key, type
    FROM (
        SELECT 0 AS side, tenant, recipient_key, occurred_at, event_key, type, channel, campaign_id, message_key, link_url
        FROM events
        WHERE event_key % {slices:UInt64} = {slice:UInt64} AND recipient_key != 0 AND {include:is_touchpoint}
        GROUP BY tenant, recipient_key, occurred_at, event_key, type, channel, campaign_id, message_key, link_url
        HAVING sum(weight) > 0
        UNION ALL
        SELECT 1 AS side, tenant, recipient_key, occurred_at, event_key, type, channel, campaign_id, message_key, link_url
        FROM touchpoints FINAL
        WHERE event_key % {slices:UInt64} = {slice:UInt64}
    )
    GROUP BY tenant, recipient_key, occurred_at, event_key, type, channel, campaign_id, message_key, link_url
    HAVING uniqExact(side) != 2
)
