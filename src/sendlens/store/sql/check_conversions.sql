-- Conversions that are only in one of the two: in the base table or in conversions.
SELECT count() AS wrong, any(format('tenant {}, event key {}', tenant, toString(event_key))) AS example
FROM (
    SELECT tenant, event_key
    FROM (
        SELECT 0 AS side, tenant, occurred_at, event_key, recipient_key, message_key, channel, campaign_id,
            conversion_type, value, currency, revenue, order_id, product_id, category, quantity
        FROM events
        WHERE type = 'converted' AND event_key % {slices:UInt64} = {slice:UInt64}
        UNION ALL
        SELECT 1 AS side, tenant, occurred_at, event_key, recipient_key, message_key, channel, campaign_id,
            conversion_type, value, currency, revenue, order_id, product_id, category, quantity
        FROM conversions
        WHERE event_key % {slices:UInt64} = {slice:UInt64}
    )
    GROUP BY tenant, occurred_at, event_key, recipient_key, message_key, channel, campaign_id,
        conversion_type, value, currency, revenue, order_id, product_id, category, quantity
    HAVING uniqExact(side) != 2
)
