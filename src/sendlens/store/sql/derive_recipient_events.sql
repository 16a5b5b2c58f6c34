INSERT INTO recipient_events
    (tenant, recipient_key, occurred_at, event_key, weight, type, actor, channel, campaign_id, message_key)
SELECT tenant, recipient_key, occurred_at, event_key, weight, type, actor, channel, campaign_id, message_key
FROM events
WHERE batch_id = {batch:UInt64} AND recipient_key != 0
