INSERT INTO expired
SELECT tenant, {run:UInt64} AS run, clock, measure, toStartOfFifteenMinutes(at) AS bucket,
    campaign_id, provider, sending_domain, segment, template_id, variant, stream, sum(n), sum(amount)
FROM message_facts
WHERE tenant = {tenant:String} AND message_key IN ({include:expired_messages})
GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING sum(n) != 0 OR sum(amount) != 0
