INSERT INTO conversions
    (tenant, occurred_at, event_key, recipient_key, message_key, channel, campaign_id, conversion_type, value, currency,
     revenue, order_id, product_id, category, quantity)
SELECT tenant, occurred_at, event_key, recipient_key, message_key, channel, campaign_id, conversion_type, value, currency,
    revenue, order_id, product_id, category, quantity
FROM events
WHERE batch_id = {batch:UInt64} AND type = 'converted'
