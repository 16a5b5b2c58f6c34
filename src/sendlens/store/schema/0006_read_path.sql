-- What makes questions about devices, links and single campaigns cheap (docs/decisions/0013-engagements.md).

-- One open, click, unsubscription, complaint, reply, forward or share with what its message knows, narrow and by type:
-- a question about devices or links reads this instead of `events` and needs no look at `messages`. The row with the
-- highest version (batch) holds: another one is added when a verdict is corrected or the message becomes better known.
CREATE TABLE engagements (
    tenant LowCardinality(String),
    type LowCardinality(String),
    born Date,
    message_key UInt64 CODEC(ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    version UInt64 CODEC(Delta, ZSTD(1)),
    occurred_at DateTime('UTC') CODEC(ZSTD(1)),
    actor LowCardinality(String),
    device LowCardinality(String),
    client LowCardinality(String),
    os LowCardinality(String),
    country LowCardinality(String),
    link_url String CODEC(ZSTD(1)),
    link_id LowCardinality(String),
    link_kind LowCardinality(String),
    unsubscribe_method LowCardinality(String),
    recipient_key UInt64 CODEC(ZSTD(1)),
    sent_at DateTime('UTC') CODEC(ZSTD(1)),
    campaign_id LowCardinality(String),
    provider LowCardinality(String),
    recipient_domain LowCardinality(String),
    sending_domain LowCardinality(String),
    segment LowCardinality(String),
    template_id LowCardinality(String),
    variant LowCardinality(String),
    stream LowCardinality(String),
    channel LowCardinality(String),
    pool LowCardinality(String),
    bounce_class LowCardinality(String),
    bounce_reason LowCardinality(String),
    INDEX by_campaign campaign_id TYPE set(64) GRANULARITY 1,
    INDEX by_sent sent_at TYPE minmax GRANULARITY 1,
    INDEX by_time occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = {replacing:version}
ORDER BY (tenant, type, born, message_key, event_key)
SETTINGS index_granularity = 2048;

TRUNCATE TABLE engagements;

INSERT INTO engagements (tenant, type, born, message_key, event_key, version, occurred_at,
    actor, device, client, os, country, link_url, link_id, link_kind, unsubscribe_method,
    recipient_key, sent_at, campaign_id, provider, recipient_domain, sending_domain, segment, template_id, variant, stream, channel, pool, bounce_class, bounce_reason)
SELECT e.tenant, e.type, m.born, e.message_key, e.event_key, e.batch_id, toDateTime(e.occurred_at, 'UTC'),
    e.actor, e.device, e.client, e.os, e.country, e.link_url, e.link_id, e.link_kind, e.unsubscribe_method,
    m.recipient_key, m.sent_at, m.campaign_id, m.provider, m.recipient_domain, m.sending_domain, m.segment, m.template_id, m.variant, m.stream, m.channel, m.pool, m.bounce_class, m.bounce_reason
FROM events AS e
INNER JOIN (SELECT * FROM messages FINAL) AS m ON e.tenant = m.tenant AND e.message_key = m.message_key AND e.message_born = m.born
WHERE e.weight > 0 AND e.type IN ({include:engagement_types})
SETTINGS join_algorithm = 'grace_hash';

-- The messages that a batch has just changed are those of its version: without the others being read.
ALTER TABLE messages ADD INDEX by_version version TYPE minmax GRANULARITY 1;

ALTER TABLE messages MATERIALIZE INDEX by_version;

-- A message is sent about the day it is born: a question for the mail of a period skips the others.
ALTER TABLE messages ADD INDEX by_sent sent_at TYPE minmax GRANULARITY 1;

ALTER TABLE messages MATERIALIZE INDEX by_sent;

-- The mail of one person.
ALTER TABLE messages ADD INDEX by_recipient recipient_key TYPE bloom_filter(0.01) GRANULARITY 4;

ALTER TABLE messages MATERIALIZE INDEX by_recipient;

-- Sums over everything the tenant sends, and the life of each campaign. Kept by the store itself in every part, so
-- they cannot differ from the rows; a question that fits is answered from them without asking for it.
ALTER TABLE metrics_quarter MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';

ALTER TABLE metrics_quarter ADD PROJECTION totals (
    SELECT tenant, clock, measure, bucket, sum(n), sum(amount) GROUP BY tenant, clock, measure, bucket
);

ALTER TABLE metrics_quarter ADD PROJECTION lives (
    SELECT tenant, clock, campaign_id, measure, min(bucket), max(bucket) GROUP BY tenant, clock, campaign_id, measure
);

ALTER TABLE metrics_quarter ADD INDEX by_campaign campaign_id TYPE set(256) GRANULARITY 1;

ALTER TABLE metrics_quarter MATERIALIZE PROJECTION totals;

ALTER TABLE metrics_quarter MATERIALIZE PROJECTION lives;

ALTER TABLE metrics_quarter MATERIALIZE INDEX by_campaign;
