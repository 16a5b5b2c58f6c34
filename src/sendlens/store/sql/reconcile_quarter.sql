-- Make metrics_quarter agree with the message states in every bucket that the messages of a batch may have touched,
-- by inserting the difference; messages that expired count by the sums they left. Every time at which a message contributes is a time told by one of its events, so the
-- buckets of all events of those messages are enough. Running it twice changes nothing.
INSERT INTO metrics_quarter
    (tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, n, amount)
WITH touched AS (
    SELECT DISTINCT tenant, bucket
    FROM events
    ARRAY JOIN [toStartOfFifteenMinutes(toDateTime(occurred_at, 'UTC')), toStartOfFifteenMinutes(message_sent_at)] AS bucket
    WHERE (tenant, message_key) IN (SELECT tenant, message_key FROM events WHERE batch_id = {batch:UInt64})
)
SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    sum(n) AS n, sum(amount) AS amount
FROM (
    SELECT tenant, clock, measure, toStartOfFifteenMinutes(at) AS bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, n, amount
    FROM message_facts
    WHERE (tenant, bucket) IN (touched)
    UNION ALL
    SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, n, amount
    FROM expired
    WHERE (tenant, bucket) IN (touched) AND clock != 'receipt' AND run IN (SELECT run FROM expiries)
    UNION ALL
    SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, -n AS n, -amount AS amount
    FROM metrics_quarter
    WHERE (tenant, bucket) IN (touched)
)
GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING n != 0 OR amount != 0
