-- What a campaign came to over its whole life is asked most of all: its page, the list of campaigns, the comparison with
-- others. The sums stand where its first and last quarter stood already, in as many rows, whatever the history.
ALTER TABLE metrics_quarter ADD PROJECTION campaigns (
    SELECT tenant, clock, campaign_id, measure, min(bucket), max(bucket), sum(n), sum(amount)
    GROUP BY tenant, clock, campaign_id, measure
);

ALTER TABLE metrics_quarter MATERIALIZE PROJECTION campaigns;

ALTER TABLE metrics_quarter DROP PROJECTION lives;
