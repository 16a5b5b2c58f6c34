-- Sums of metrics_quarter that are not the sum of what the message states contribute, and what expired ones had contributed.
SELECT
    count() AS wrong,
    any(format('tenant {}, {} on the {} clock at {}: off by {}',
        tenant, measure, clock, toString(bucket), if(difference != 0, toString(difference), toString(amount_difference)))) AS example
FROM (
    SELECT tenant, clock, measure, bucket, sum(n) AS difference, sum(amount) AS amount_difference
    FROM (
        SELECT tenant, clock, measure, toStartOfFifteenMinutes(at) AS bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, -n AS n, -amount AS amount
        FROM message_facts
        WHERE cityHash64(campaign_id, provider) % {slices:UInt64} = {slice:UInt64}
        UNION ALL
        SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, -n AS n, -amount AS amount
        FROM expired
        WHERE cityHash64(campaign_id, provider) % {slices:UInt64} = {slice:UInt64} AND clock != 'receipt' AND run IN (SELECT run FROM expiries)
        UNION ALL
        SELECT tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream, n, amount
        FROM metrics_quarter
        WHERE cityHash64(campaign_id, provider) % {slices:UInt64} = {slice:UInt64}
    )
    GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
    HAVING difference != 0 OR amount_difference != 0
)
