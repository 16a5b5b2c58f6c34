-- The row with the verdict that holds; what a correction takes back is replaced by it.
INSERT INTO recipient_events
    (tenant, recipient_key, occurred_at, event_key, version, type, actor, channel, campaign_id, message_key)
SELECT tenant, recipient_key, occurred_at, event_key, batch_id, type, actor, channel, campaign_id, message_key
FROM events
WHERE batch_id = {batch:UInt64} AND weight > 0 AND recipient_key != 0
