-- Where the mail of a seed test was found, one row a test and seed mailbox. A keyed set: a later look replaces an earlier
-- one, because mail that is missing at first may still arrive. Read it with FINAL.
CREATE TABLE placements (
    tenant LowCardinality(String),
    test_id String CODEC(ZSTD(1)),
    seed String CODEC(ZSTD(1)),
    placement LowCardinality(String),
    tab LowCardinality(String),
    campaign_id LowCardinality(String),
    provider LowCardinality(String),
    sending_domain LowCardinality(String),
    spf LowCardinality(String),
    dkim LowCardinality(String),
    dmarc LowCardinality(String),
    at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    source LowCardinality(String),
    changed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = {replacing:changed_at}
ORDER BY (tenant, test_id, seed);
