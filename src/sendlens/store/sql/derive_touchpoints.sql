-- Contacts, and for a corrected event that is none any more a row that takes it back.
INSERT INTO touchpoints
    (tenant, recipient_key, occurred_at, event_key, version, taken_back, type, channel, campaign_id, message_key, link_url)
SELECT tenant, recipient_key, occurred_at, event_key, batch_id, NOT {include:is_touchpoint}, type, channel, campaign_id, message_key, link_url
FROM events
WHERE batch_id = {batch:UInt64} AND weight > 0 AND recipient_key != 0
    AND ({include:is_touchpoint} OR (correction = 1 AND type IN ('opened', 'clicked')))
