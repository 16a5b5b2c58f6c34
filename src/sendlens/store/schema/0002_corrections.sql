-- Corrections of verdicts. An event whose verdict changes gets a pair of rows, one that takes the old verdict back and
-- one with the new one, in the batch that brought the evidence (docs/decisions/0009-corrections.md).

-- `correction` tells such rows from the row with which an event was stored: only that one has a key in event_keys.
ALTER TABLE events ADD COLUMN correction UInt8 CODEC(ZSTD(1)) AFTER weight;

-- Corrections are few: with these two indexes nobody who asks for them, or for all events of a message, reads history.
ALTER TABLE events ADD INDEX by_correction correction TYPE minmax GRANULARITY 1;

ALTER TABLE events ADD INDEX by_born message_born TYPE minmax GRANULARITY 1;

-- One row an event, with the verdict that holds: the batch that brought it last wins.
DROP TABLE recipient_events;

CREATE TABLE recipient_events (
    tenant LowCardinality(String),
    recipient_key UInt64 CODEC(ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    version UInt64 CODEC(Delta, ZSTD(1)),
    type LowCardinality(String),
    actor LowCardinality(String),
    channel LowCardinality(String),
    campaign_id LowCardinality(String),
    message_key UInt64 CODEC(ZSTD(1))
)
ENGINE = {replacing:version}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, recipient_key, occurred_at, event_key);

TRUNCATE TABLE recipient_events;

INSERT INTO recipient_events
    (tenant, recipient_key, occurred_at, event_key, version, type, actor, channel, campaign_id, message_key)
SELECT tenant, recipient_key, occurred_at, event_key, batch_id, type, actor, channel, campaign_id, message_key
FROM events
WHERE recipient_key != 0;

-- A contact whose verdict became "machine" is none any more: FINAL leaves out what was taken back.
DROP TABLE touchpoints;

CREATE TABLE touchpoints (
    tenant LowCardinality(String),
    recipient_key UInt64 CODEC(ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_key UInt64 CODEC(NONE),
    version UInt64 CODEC(Delta, ZSTD(1)),
    taken_back UInt8 CODEC(ZSTD(1)),
    type LowCardinality(String),
    channel LowCardinality(String),
    campaign_id LowCardinality(String),
    message_key UInt64 CODEC(ZSTD(1)),
    link_url String CODEC(ZSTD(1))
)
ENGINE = {replacing:version, taken_back}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, recipient_key, occurred_at, event_key);

TRUNCATE TABLE touchpoints;

INSERT INTO touchpoints
    (tenant, recipient_key, occurred_at, event_key, version, taken_back, type, channel, campaign_id, message_key, link_url)
SELECT tenant, recipient_key, occurred_at, event_key, batch_id, 0, type, channel, campaign_id, message_key, link_url
FROM events
WHERE recipient_key != 0
    AND (type = 'touched' OR (type = 'clicked' AND link_kind = '' AND actor != 'machine') OR (type = 'opened' AND actor = 'human'));

-- Scanners press the one-click button too. `unsubscribed_at` stays the first of all unsubscriptions; what counts is the
-- first that no machine made, whose method `unsubscribe_method` is from now on.
DROP VIEW message_changes_to_messages;

DROP VIEW message_changes_to_quarter;

DROP VIEW message_changes_to_minute;

DROP VIEW message_facts;

DROP TABLE message_changes;

ALTER TABLE messages ADD COLUMN unsubscribed_human_at DateTime('UTC') DEFAULT unsubscribed_at CODEC(ZSTD(1)) AFTER unsubscribed_at;

ALTER TABLE messages UPDATE
    unsubscribed_human_at = arrayElement(
        (SELECT groupArray(first.1) FROM (
            SELECT message_key, minIf((toDateTime(occurred_at, 'UTC'), toString(unsubscribe_method)), actor != 'machine') AS first
            FROM events WHERE type = 'unsubscribed' GROUP BY message_key HAVING countIf(actor = 'machine') > 0 ORDER BY message_key)),
        indexOf((SELECT groupArray(message_key) FROM (
            SELECT message_key FROM events WHERE type = 'unsubscribed' GROUP BY message_key HAVING countIf(actor = 'machine') > 0 ORDER BY message_key)),
            message_key)),
    unsubscribe_method = arrayElement(
        (SELECT groupArray(first.2) FROM (
            SELECT message_key, minIf((toDateTime(occurred_at, 'UTC'), toString(unsubscribe_method)), actor != 'machine') AS first
            FROM events WHERE type = 'unsubscribed' GROUP BY message_key HAVING countIf(actor = 'machine') > 0 ORDER BY message_key)),
        indexOf((SELECT groupArray(message_key) FROM (
            SELECT message_key FROM events WHERE type = 'unsubscribed' GROUP BY message_key HAVING countIf(actor = 'machine') > 0 ORDER BY message_key)),
            message_key))
WHERE message_key IN (
    SELECT message_key FROM events WHERE type = 'unsubscribed' GROUP BY message_key HAVING countIf(actor = 'machine') > 0
)
SETTINGS mutations_sync = 2;

CREATE VIEW message_facts AS
SELECT
    tenant, clock, contribution.1 AS measure, if(clock = 'send', sent_at, contribution.2) AS at,
    campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    recipient_domain, channel, pool, bounce_class, bounce_reason, message_key, recipient_key, shard,
    contribution.3 AS n, contribution.4 AS amount
FROM (
    SELECT *, contribution
    FROM (SELECT *, {include:contributions_2} AS contributions FROM messages FINAL)
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
    FROM (SELECT *, {include:contributions_2} AS contributions FROM message_changes)
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
    SELECT *, {include:contributions_2} AS contributions
    FROM message_changes
)
ARRAY JOIN contributions AS contribution
GROUP BY tenant, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING n != 0 OR amount != 0;

TRUNCATE TABLE metrics_quarter;

INSERT INTO metrics_quarter
SELECT tenant, clock, measure, toStartOfFifteenMinutes(at) AS bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    sum(n), sum(amount)
FROM message_facts
GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING sum(n) != 0 OR sum(amount) != 0;

TRUNCATE TABLE metrics_minute;

-- Older minutes are dropped by a task anyway (tasks.py).
INSERT INTO metrics_minute
SELECT tenant, clock, measure, toStartOfMinute(at) AS bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream,
    sum(n), sum(amount)
FROM message_facts
WHERE clock = 'event'
GROUP BY tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream
HAVING sum(n) != 0 OR sum(amount) != 0;
