INSERT INTO touchpoints
    (tenant, recipient_key, occurred_at, event_key, weight, type, channel, campaign_id, message_key, link_url)
SELECT tenant, recipient_key, occurred_at, event_key, weight, type, channel, campaign_id, message_key, link_url
FROM events
WHERE batch_id = {batch:UInt64} AND recipient_key != 0
    AND (type = 'touched' OR (type = 'clicked' AND link_kind = '' AND actor != 'machine') OR (type = 'opened' AND actor = 'human'))
