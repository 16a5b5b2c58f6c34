-- The first tables. A statement ends with a semicolon at the end of a line. {mergetree}, {replacing:COL} and
-- {summing} are engines, filled in by the topology (one node or a cluster); everything else is plain ClickHouse SQL.
-- The tenant is the first sorting column everywhere, except in event_keys, whose keys are already keyed by tenant.

-- One deduplicated, enriched event a row. A batch of the pipeline is one insert per month, so a batch's part of a
-- month is in the table whole or not at all. Every other table below is derived from this one, by store/sql/*.sql.
CREATE TABLE events (
    tenant LowCardinality(String),
    source LowCardinality(String),
    shard UInt16,
    batch_id UInt64 CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    key_bucket UInt32 CODEC(Delta, ZSTD(1)),
    weight Int8 DEFAULT 1,
    type LowCardinality(String),
    native_type LowCardinality(String),
    occurred_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    skew_ms Int64 CODEC(T64, ZSTD(1)),
    clock LowCardinality(String),
    message_key UInt64 CODEC(ZSTD(1)),
    message_born Date CODEC(ZSTD(1)),
    message_new UInt8 CODEC(ZSTD(1)),
    message_id String CODEC(ZSTD(1)),
    message_sent_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    campaign_id LowCardinality(String),
    recipient String CODEC(ZSTD(1)),
    recipient_key UInt64 CODEC(ZSTD(1)),
    recipient_domain LowCardinality(String),
    provider LowCardinality(String),
    gateway LowCardinality(String),
    mailbox_kind LowCardinality(String),
    template_id LowCardinality(String),
    segment LowCardinality(String),
    variant LowCardinality(String),
    sending_domain LowCardinality(String),
    sender LowCardinality(String),
    subject LowCardinality(String),
    pool LowCardinality(String),
    sending_ip LowCardinality(String),
    stream LowCardinality(String),
    channel LowCardinality(String),
    untracked UInt8 CODEC(ZSTD(1)),
    link_url String CODEC(ZSTD(1)),
    link_id LowCardinality(String),
    link_kind LowCardinality(String),
    link_position Int16 CODEC(ZSTD(1)),
    user_agent LowCardinality(String),
    ip String CODEC(ZSTD(1)),
    country LowCardinality(String),
    machine_told Int8 CODEC(ZSTD(1)),
    actor LowCardinality(String),
    actor_reason LowCardinality(String),
    actor_confidence UInt8 CODEC(ZSTD(1)),
    client LowCardinality(String),
    device LowCardinality(String),
    os LowCardinality(String),
    mx LowCardinality(String),
    smtp_code UInt16 CODEC(ZSTD(1)),
    enhanced_code LowCardinality(String),
    smtp_reply String CODEC(ZSTD(1)),
    bounce_class LowCardinality(String),
    bounce_reason LowCardinality(String),
    bounce_confidence UInt8 CODEC(ZSTD(1)),
    bounce_rule LowCardinality(String),
    reason LowCardinality(String),
    attempt UInt16 CODEC(ZSTD(1)),
    unsubscribe_method LowCardinality(String),
    conversion_type LowCardinality(String),
    value Decimal(18, 4) CODEC(ZSTD(1)),
    currency LowCardinality(String),
    revenue Decimal(18, 4) CODEC(ZSTD(1)),
    order_id String CODEC(ZSTD(1)),
    product_id LowCardinality(String),
    category LowCardinality(String),
    quantity UInt32 CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)),
    metadata Map(LowCardinality(String), String),
    raw String CODEC(ZSTD(3)),
    INDEX by_batch batch_id TYPE minmax GRANULARITY 1,
    INDEX by_message message_key TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_recipient recipient_key TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = {mergetree}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, toDate(occurred_at), message_key, occurred_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- Keys of events seen within the de-duplication horizon. `bucket` is the event's hour since 1970 by the source's clock
-- (a retry tells the same), or, for events without a time of their own, a number of the day of receipt.
CREATE TABLE event_keys (
    bucket UInt32 CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    batch_id UInt64 CODEC(Delta, ZSTD(1)),
    received_day Date CODEC(ZSTD(1))
)
ENGINE = {mergetree}
PARTITION BY received_day
ORDER BY (bucket, event_key)
SETTINGS index_granularity = 256;

-- One event in the order of a person's life, narrow: journeys, attribution, the person page, erasure.
CREATE TABLE recipient_events (
    tenant LowCardinality(String),
    recipient_key UInt64 CODEC(ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    weight Int8 CODEC(ZSTD(1)),
    type LowCardinality(String),
    actor LowCardinality(String),
    channel LowCardinality(String),
    campaign_id LowCardinality(String),
    message_key UInt64 CODEC(ZSTD(1))
)
ENGINE = {replacing}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, recipient_key, occurred_at, event_key, weight);

-- The state of one message: a mail to one recipient. The row with the highest version (batch) holds all that is known.
-- `born` is the day we first heard of it: sorting by it keeps the question for the messages of a batch on few days.
-- 1970-01-01 stands for "has not happened". The tallies are additive totals by minute and measure (contributions_1).
CREATE TABLE messages (
    tenant LowCardinality(String),
    born Date,
    message_key UInt64,
    version UInt64 CODEC(Delta, ZSTD(1)),
    shard UInt16 CODEC(ZSTD(1)),
    recipient_key UInt64 CODEC(ZSTD(1)),
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
    untracked UInt8 CODEC(ZSTD(1)),
    sent_at DateTime('UTC') CODEC(ZSTD(1)),
    injected_at DateTime('UTC') CODEC(ZSTD(1)),
    deferred_at DateTime('UTC') CODEC(ZSTD(1)),
    delivered_at DateTime('UTC') CODEC(ZSTD(1)),
    bounced_at DateTime('UTC') CODEC(ZSTD(1)),
    bounce_class LowCardinality(String),
    bounce_reason LowCardinality(String),
    dropped_at DateTime('UTC') CODEC(ZSTD(1)),
    opened_at DateTime('UTC') CODEC(ZSTD(1)),
    opened_human_at DateTime('UTC') CODEC(ZSTD(1)),
    clicked_at DateTime('UTC') CODEC(ZSTD(1)),
    clicked_human_at DateTime('UTC') CODEC(ZSTD(1)),
    complained_at DateTime('UTC') CODEC(ZSTD(1)),
    unsubscribed_at DateTime('UTC') CODEC(ZSTD(1)),
    unsubscribe_method LowCardinality(String),
    replied_at DateTime('UTC') CODEC(ZSTD(1)),
    forwarded_at DateTime('UTC') CODEC(ZSTD(1)),
    shared_at DateTime('UTC') CODEC(ZSTD(1)),
    converted_at DateTime('UTC') CODEC(ZSTD(1)),
    tally_keys Array(UInt64) CODEC(ZSTD(1)),
    tally_counts Array(Int64) CODEC(ZSTD(1)),
    tally_amounts Array(Decimal(18, 4)) CODEC(ZSTD(1)),
    INDEX by_campaign campaign_id TYPE set(64) GRANULARITY 1
)
ENGINE = {replacing:version}
ORDER BY (tenant, born, message_key)
SETTINGS index_granularity = 1024;

-- Sums of what messages contribute, by bucket and the dimensions that dashboards and alerts need. Long format: a
-- query reads only the measures it asks for, and a new measure changes no table. Buckets are quarters of an hour,
-- because that is the step on which every time zone's day begins.
CREATE TABLE metrics_quarter (
    tenant LowCardinality(String),
    clock LowCardinality(String),
    measure LowCardinality(String),
    bucket DateTime('UTC') CODEC(Delta, ZSTD(1)),
    campaign_id LowCardinality(String),
    provider LowCardinality(String),
    sending_domain LowCardinality(String),
    segment LowCardinality(String),
    template_id LowCardinality(String),
    variant LowCardinality(String),
    stream LowCardinality(String),
    n Int64 CODEC(T64, ZSTD(1)),
    amount Decimal(18, 4) CODEC(ZSTD(1))
)
ENGINE = {summing:n, amount}
PARTITION BY toYear(bucket)
ORDER BY (tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream);

-- The same by minute on the event clock, for the last days: live charts and alerts.
CREATE TABLE metrics_minute (
    tenant LowCardinality(String),
    clock LowCardinality(String),
    measure LowCardinality(String),
    bucket DateTime('UTC') CODEC(Delta, ZSTD(1)),
    campaign_id LowCardinality(String),
    provider LowCardinality(String),
    sending_domain LowCardinality(String),
    segment LowCardinality(String),
    template_id LowCardinality(String),
    variant LowCardinality(String),
    stream LowCardinality(String),
    n Int64 CODEC(T64, ZSTD(1)),
    amount Decimal(18, 4) CODEC(ZSTD(1))
)
ENGINE = {summing:n, amount}
PARTITION BY toYYYYMM(bucket)
ORDER BY (tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream);

CREATE TABLE conversions (
    tenant LowCardinality(String),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    recipient_key UInt64 CODEC(ZSTD(1)),
    message_key UInt64 CODEC(ZSTD(1)),
    channel LowCardinality(String),
    campaign_id LowCardinality(String),
    conversion_type LowCardinality(String),
    value Decimal(18, 4) CODEC(ZSTD(1)),
    currency LowCardinality(String),
    revenue Decimal(18, 4) CODEC(ZSTD(1)),
    order_id String CODEC(ZSTD(1)),
    product_id LowCardinality(String),
    category LowCardinality(String),
    quantity UInt32 CODEC(ZSTD(1))
)
ENGINE = {replacing}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, occurred_at, event_key);

-- Contacts that can earn a conversion, on any channel: clicks and human opens of mail, touches elsewhere.
CREATE TABLE touchpoints (
    tenant LowCardinality(String),
    recipient_key UInt64 CODEC(ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    weight Int8 CODEC(ZSTD(1)),
    type LowCardinality(String),
    channel LowCardinality(String),
    campaign_id LowCardinality(String),
    message_key UInt64 CODEC(ZSTD(1)),
    link_url String CODEC(ZSTD(1))
)
ENGINE = {replacing}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, recipient_key, occurred_at, event_key, weight);

CREATE TABLE campaigns (
    tenant LowCardinality(String),
    campaign_id String,
    name String,
    type LowCardinality(String),
    subject String,
    sender String,
    template_id String,
    segment String,
    stream LowCardinality(String),
    channel LowCardinality(String),
    total_sent UInt64,
    cost Decimal(18, 4),
    budget Decimal(18, 4),
    currency LowCardinality(String),
    started_at DateTime('UTC'),
    metadata Map(LowCardinality(String), String),
    changed_at DateTime64(3, 'UTC')
)
ENGINE = {replacing:changed_at}
ORDER BY (tenant, campaign_id);

CREATE TABLE spend (
    tenant LowCardinality(String),
    campaign_id LowCardinality(String),
    channel LowCardinality(String),
    hour DateTime('UTC'),
    impressions UInt64,
    clicks UInt64,
    cost Decimal(18, 4),
    currency LowCardinality(String),
    changed_at DateTime64(3, 'UTC')
)
ENGINE = {replacing:changed_at}
ORDER BY (tenant, campaign_id, channel, hour);

CREATE TABLE gauges (
    tenant LowCardinality(String),
    name LowCardinality(String),
    source LowCardinality(String),
    labels Map(LowCardinality(String), String),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value Float64,
    batch_id UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = {replacing:batch_id}
PARTITION BY toYYYYMM(at)
ORDER BY (tenant, name, source, mapKeys(labels), mapValues(labels), at);

-- What became of every record received: received = stored + duplicate + rejected + dead, per tenant, source, minute.
CREATE TABLE intake (
    tenant LowCardinality(String),
    source LowCardinality(String),
    kind LowCardinality(String),
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
    batch_id UInt64 CODEC(Delta, ZSTD(1)),
    received UInt64 CODEC(T64, ZSTD(1)),
    stored UInt64 CODEC(T64, ZSTD(1)),
    duplicate UInt64 CODEC(T64, ZSTD(1)),
    rejected UInt64 CODEC(T64, ZSTD(1)),
    dead UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = {replacing}
PARTITION BY toYYYYMM(minute)
ORDER BY (tenant, source, kind, minute, batch_id);

-- The view that everything about messages can be asked of: the same columns and, summed, the same figures as the
-- roll-ups, with the dimensions that only messages have.
CREATE VIEW message_facts AS
SELECT
    tenant, clock, contribution.1 AS measure, if(clock = 'send', sent_at, contribution.2) AS at,
    campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    recipient_domain, channel, pool, bounce_class, bounce_reason, message_key, recipient_key, shard,
    contribution.3 AS n, contribution.4 AS amount
FROM (
    SELECT *, contribution
    FROM (SELECT *, {include:contributions_1} AS contributions FROM messages FINAL)
    ARRAY JOIN contributions AS contribution
)
ARRAY JOIN if(sent_at > toDateTime(0, 'UTC'), ['event', 'send'], ['event']) AS clock;

-- Changes of message states pass through here: one row with sign -1 for the state before a batch, one with sign +1 for
-- the state after it. Nothing is kept in this table; the views below carry the change on. They are not one
-- transaction: pipeline/recovery.py makes them agree again after an unclean stop.
CREATE TABLE message_changes AS messages ENGINE = Null;

ALTER TABLE message_changes ADD COLUMN sign Int8;

CREATE MATERIALIZED VIEW message_changes_to_messages TO messages AS
SELECT * EXCEPT sign FROM message_changes WHERE sign = 1;

CREATE MATERIALIZED VIEW message_changes_to_quarter TO metrics_quarter AS
SELECT
    tenant, clock, contribution.1 AS measure,
    toStartOfFifteenMinutes(if(clock = 'send', sent_at, contribution.2)) AS bucket,
    campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    sum(sign * contribution.3) AS n, sum(sign * contribution.4) AS amount
FROM (
    SELECT *, contribution
    FROM (SELECT *, {include:contributions_1} AS contributions FROM message_changes)
    ARRAY JOIN contributions AS contribution
)
ARRAY JOIN if(sent_at > toDateTime(0, 'UTC'), ['event', 'send'], ['event']) AS clock
GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING n != 0 OR amount != 0;

CREATE MATERIALIZED VIEW message_changes_to_minute TO metrics_minute AS
SELECT
    tenant, 'event' AS clock, contribution.1 AS measure, toStartOfMinute(contribution.2) AS bucket,
    campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    sum(sign * contribution.3) AS n, sum(sign * contribution.4) AS amount
FROM (
    SELECT *, {include:contributions_1} AS contributions
    FROM message_changes
)
ARRAY JOIN contributions AS contribution
GROUP BY tenant, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING n != 0 OR amount != 0;
