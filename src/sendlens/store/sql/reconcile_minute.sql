-- Make metrics_minute agree with the message states in every bucket that the messages of a batch may have touched,
-- by inserting the difference. Every time at which a message contributes is a time told by one of its events, so the
-- buckets of all events of those messages are enough. Running it twice changes nothing.
INSERT INTO metrics_minute
    (tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, n, amount)
WITH touched AS (
    SELECT DISTINCT tenant, bucket
    FROM events
    ARRAY JOIN [toStartOfMinute(toDateTime(occurred_at, 'UTC')), toStartOfMinute(message_sent_at)] AS bucket
    WHERE (tenant, message_key) IN (SELECT tenant, message_key FROM events WHERE batch_id = {batch:UInt64})
)
SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    sum(n) AS n, sum(amount) AS amount
FROM (
    SELECT tenant, clock, measure, toStartOfMinute(at) AS bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, n, amount
    FROM message_facts
    WHERE (tenant, bucket) IN (touched) AND clock = 'event'
    UNION ALL
    SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, -n AS n, -amount AS amount
    FROM metrics_minute
    WHERE (tenant, bucket) IN (touched)
)
GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING n != 0 OR amount != 0
