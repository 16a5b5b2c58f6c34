-- Stands for migrations 2513d6b91a11461f
-- Every table in its last form, for new stores. Written by: python -m tests.store.make_whole

CREATE TABLE IF NOT EXISTS campaigns
(
    `tenant` LowCardinality(String),
    `campaign_id` String,
    `name` String,
    `type` LowCardinality(String),
    `subject` String,
    `sender` String,
    `template_id` String,
    `segment` String,
    `stream` LowCardinality(String),
    `channel` LowCardinality(String),
    `total_sent` UInt64,
    `cost` Decimal(18, 4),
    `budget` Decimal(18, 4),
    `currency` LowCardinality(String),
    `started_at` DateTime('UTC'),
    `metadata` Map(LowCardinality(String), String),
    `changed_at` DateTime64(3, 'UTC')
)
ENGINE = {replacing:changed_at}
ORDER BY (tenant, campaign_id)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS conversions
(
    `tenant` LowCardinality(String),
    `occurred_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `event_key` UInt64 CODEC(NONE),
    `recipient_key` UInt64 CODEC(ZSTD(1)),
    `message_key` UInt64 CODEC(ZSTD(1)),
    `channel` LowCardinality(String),
    `campaign_id` LowCardinality(String),
    `conversion_type` LowCardinality(String),
    `value` Decimal(18, 4) CODEC(ZSTD(1)),
    `currency` LowCardinality(String),
    `revenue` Decimal(18, 4) CODEC(ZSTD(1)),
    `order_id` String CODEC(ZSTD(1)),
    `product_id` LowCardinality(String),
    `category` LowCardinality(String),
    `quantity` UInt32 CODEC(ZSTD(1))
)
ENGINE = {replacing}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, occurred_at, event_key)
SETTINGS index_granularity = 8192, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS dmarc_records
(
    `tenant` LowCardinality(String),
    `domain` LowCardinality(String),
    `begin_at` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `source_ip` String CODEC(ZSTD(1)),
    `org` LowCardinality(String),
    `report_id` String CODEC(ZSTD(1)),
    `row` UInt32 CODEC(ZSTD(1)),
    `end_at` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `count` UInt64 CODEC(T64, ZSTD(1)),
    `disposition` LowCardinality(String),
    `dkim_aligned` UInt8,
    `spf_aligned` UInt8,
    `overrides` Array(LowCardinality(String)),
    `envelope_from` LowCardinality(String),
    `envelope_to` LowCardinality(String),
    `dkim_domains` Array(LowCardinality(String)),
    `dkim_selectors` Array(LowCardinality(String)),
    `dkim_results` Array(LowCardinality(String)),
    `spf_domains` Array(LowCardinality(String)),
    `spf_results` Array(LowCardinality(String)),
    `policy_domain` LowCardinality(String),
    `policy` LowCardinality(String),
    `subdomain_policy` LowCardinality(String),
    `nonexistent_policy` LowCardinality(String),
    `strict_dkim` UInt8,
    `strict_spf` UInt8,
    `percentage` Int16,
    `testing` UInt8,
    `discovery_method` LowCardinality(String),
    `generator` LowCardinality(String),
    `source` LowCardinality(String),
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `batch_id` UInt64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = {replacing:batch_id}
PARTITION BY toYYYYMM(begin_at)
ORDER BY (tenant, domain, begin_at, source_ip, org, report_id, row)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS engagements
(
    `tenant` LowCardinality(String),
    `type` LowCardinality(String),
    `born` Date,
    `message_key` UInt64 CODEC(ZSTD(1)),
    `event_key` UInt64 CODEC(NONE),
    `version` UInt64 CODEC(Delta(8), ZSTD(1)),
    `occurred_at` DateTime('UTC') CODEC(ZSTD(1)),
    `actor` LowCardinality(String),
    `device` LowCardinality(String),
    `client` LowCardinality(String),
    `os` LowCardinality(String),
    `country` LowCardinality(String),
    `link_url` String CODEC(ZSTD(1)),
    `link_id` LowCardinality(String),
    `link_kind` LowCardinality(String),
    `unsubscribe_method` LowCardinality(String),
    `recipient_key` UInt64 CODEC(ZSTD(1)),
    `sent_at` DateTime('UTC') CODEC(ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `recipient_domain` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `channel` LowCardinality(String),
    `pool` LowCardinality(String),
    `bounce_class` LowCardinality(String),
    `bounce_reason` LowCardinality(String),
    INDEX by_campaign campaign_id TYPE set(64) GRANULARITY 1,
    INDEX by_sent sent_at TYPE minmax GRANULARITY 1,
    INDEX by_time occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = {replacing:version}
ORDER BY (tenant, type, born, message_key, event_key)
SETTINGS index_granularity = 2048, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS event_keys
(
    `bucket` UInt32 CODEC(Delta(4), ZSTD(1)),
    `event_key` UInt64 CODEC(NONE),
    `batch_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `received_day` Date CODEC(ZSTD(1))
)
ENGINE = {mergetree}
PARTITION BY received_day
ORDER BY (bucket, event_key)
SETTINGS index_granularity = 256;

CREATE TABLE IF NOT EXISTS events
(
    `tenant` LowCardinality(String),
    `source` LowCardinality(String),
    `shard` UInt16,
    `batch_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `event_key` UInt64 CODEC(NONE),
    `key_bucket` UInt32 CODEC(Delta(4), ZSTD(1)),
    `weight` Int8 DEFAULT 1,
    `correction` UInt8 CODEC(ZSTD(1)),
    `type` LowCardinality(String),
    `native_type` LowCardinality(String),
    `occurred_at` DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
    `skew_ms` Int64 CODEC(T64, ZSTD(1)),
    `clock` LowCardinality(String),
    `message_key` UInt64 CODEC(ZSTD(1)),
    `message_born` Date CODEC(ZSTD(1)),
    `message_new` UInt8 CODEC(ZSTD(1)),
    `message_id` String CODEC(ZSTD(1)),
    `message_sent_at` DateTime('UTC') CODEC(ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `recipient` String CODEC(ZSTD(3)),
    `recipient_key` UInt64 CODEC(ZSTD(1)),
    `recipient_domain` LowCardinality(String),
    `provider` LowCardinality(String),
    `gateway` LowCardinality(String),
    `mailbox_kind` LowCardinality(String),
    `template_id` LowCardinality(String),
    `segment` LowCardinality(String),
    `variant` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `sender` LowCardinality(String),
    `subject` LowCardinality(String),
    `pool` LowCardinality(String),
    `sending_ip` LowCardinality(String),
    `stream` LowCardinality(String),
    `channel` LowCardinality(String),
    `untracked` UInt8 CODEC(ZSTD(1)),
    `link_url` String CODEC(ZSTD(1)),
    `link_id` LowCardinality(String),
    `link_kind` LowCardinality(String),
    `link_position` Int16 CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String),
    `ip` String CODEC(ZSTD(1)),
    `country` LowCardinality(String),
    `machine_told` Int8 CODEC(ZSTD(1)),
    `actor` LowCardinality(String),
    `actor_reason` LowCardinality(String),
    `actor_confidence` UInt8 CODEC(ZSTD(1)),
    `client` LowCardinality(String),
    `device` LowCardinality(String),
    `os` LowCardinality(String),
    `mx` LowCardinality(String),
    `smtp_code` UInt16 CODEC(ZSTD(1)),
    `enhanced_code` LowCardinality(String),
    `smtp_reply` String CODEC(ZSTD(1)),
    `bounce_class` LowCardinality(String),
    `bounce_reason` LowCardinality(String),
    `bounce_confidence` UInt8 CODEC(ZSTD(1)),
    `bounce_rule` LowCardinality(String),
    `reason` LowCardinality(String),
    `attempt` UInt16 CODEC(ZSTD(1)),
    `unsubscribe_method` LowCardinality(String),
    `conversion_type` LowCardinality(String),
    `value` Decimal(18, 4) CODEC(ZSTD(1)),
    `currency` LowCardinality(String),
    `revenue` Decimal(18, 4) CODEC(ZSTD(1)),
    `order_id` String CODEC(ZSTD(1)),
    `product_id` LowCardinality(String),
    `category` LowCardinality(String),
    `quantity` UInt32 CODEC(ZSTD(1)),
    `tags` Array(LowCardinality(String)),
    `metadata` Map(LowCardinality(String), String),
    `raw` String CODEC(ZSTD(3)),
    INDEX by_batch batch_id TYPE minmax GRANULARITY 1,
    INDEX by_message message_key TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_correction correction TYPE minmax GRANULARITY 1,
    INDEX by_born message_born TYPE minmax GRANULARITY 1,
    INDEX by_recipient recipient_key TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_message_id message_id TYPE bloom_filter(0.05) GRANULARITY 4
)
ENGINE = {mergetree}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, toDate(occurred_at), message_key, occurred_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS expired
(
    `tenant` LowCardinality(String),
    `run` UInt64 CODEC(Delta(8), ZSTD(1)),
    `clock` LowCardinality(String),
    `measure` LowCardinality(String),
    `bucket` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `n` Int64 CODEC(T64, ZSTD(1)),
    `amount` Decimal(18, 4) CODEC(ZSTD(1))
)
ENGINE = {mergetree}
ORDER BY (tenant, run, clock, measure, bucket)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS expiries
(
    `tenant` LowCardinality(String),
    `run` UInt64,
    `born_from` Date,
    `born_until` Date,
    `before` DateTime64(3, 'UTC'),
    `done` UInt8
)
ENGINE = {replacing:done}
ORDER BY (tenant, run)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE IF NOT EXISTS gauges
(
    `tenant` LowCardinality(String),
    `name` LowCardinality(String),
    `source` LowCardinality(String),
    `labels` Map(LowCardinality(String), String),
    `at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `value` Float64,
    `batch_id` UInt64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = {replacing:batch_id}
PARTITION BY toYYYYMM(at)
ORDER BY (tenant, name, source, mapKeys(labels), mapValues(labels), at)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS intake
(
    `tenant` LowCardinality(String),
    `source` LowCardinality(String),
    `kind` LowCardinality(String),
    `minute` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `batch_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `received` UInt64 CODEC(T64, ZSTD(1)),
    `stored` UInt64 CODEC(T64, ZSTD(1)),
    `duplicate` UInt64 CODEC(T64, ZSTD(1)),
    `rejected` UInt64 CODEC(T64, ZSTD(1)),
    `dead` UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = {replacing}
PARTITION BY toYYYYMM(minute)
ORDER BY (tenant, source, kind, minute, batch_id)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS message_changes
(
    `tenant` LowCardinality(String),
    `born` Date,
    `message_key` UInt64,
    `version` UInt64 CODEC(Delta(8), ZSTD(1)),
    `shard` UInt16 CODEC(ZSTD(1)),
    `recipient_key` UInt64 CODEC(ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `recipient_domain` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `channel` LowCardinality(String),
    `pool` LowCardinality(String),
    `untracked` UInt8 CODEC(ZSTD(1)),
    `sent_at` DateTime('UTC') CODEC(ZSTD(1)),
    `injected_at` DateTime('UTC') CODEC(ZSTD(1)),
    `deferred_at` DateTime('UTC') CODEC(ZSTD(1)),
    `delivered_at` DateTime('UTC') CODEC(ZSTD(1)),
    `bounced_at` DateTime('UTC') CODEC(ZSTD(1)),
    `bounce_class` LowCardinality(String),
    `bounce_reason` LowCardinality(String),
    `dropped_at` DateTime('UTC') CODEC(ZSTD(1)),
    `opened_at` DateTime('UTC') CODEC(ZSTD(1)),
    `opened_human_at` DateTime('UTC') CODEC(ZSTD(1)),
    `clicked_at` DateTime('UTC') CODEC(ZSTD(1)),
    `clicked_human_at` DateTime('UTC') CODEC(ZSTD(1)),
    `complained_at` DateTime('UTC') CODEC(ZSTD(1)),
    `unsubscribed_at` DateTime('UTC') CODEC(ZSTD(1)),
    `unsubscribed_human_at` DateTime('UTC') DEFAULT unsubscribed_at CODEC(ZSTD(1)),
    `unsubscribe_method` LowCardinality(String),
    `replied_at` DateTime('UTC') CODEC(ZSTD(1)),
    `forwarded_at` DateTime('UTC') CODEC(ZSTD(1)),
    `shared_at` DateTime('UTC') CODEC(ZSTD(1)),
    `converted_at` DateTime('UTC') CODEC(ZSTD(1)),
    `tally_keys` Array(UInt64) CODEC(ZSTD(1)),
    `tally_counts` Array(Int64) CODEC(ZSTD(1)),
    `tally_amounts` Array(Decimal(18, 4)) CODEC(ZSTD(1)),
    `sign` Int8
)
ENGINE = `Null`;

CREATE TABLE IF NOT EXISTS messages
(
    `tenant` LowCardinality(String),
    `born` Date,
    `message_key` UInt64 CODEC(Delta(8), ZSTD(1)),
    `version` UInt64 CODEC(Delta(8), ZSTD(1)),
    `shard` UInt16 CODEC(ZSTD(1)),
    `recipient_key` UInt64 CODEC(ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `recipient_domain` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `channel` LowCardinality(String),
    `pool` LowCardinality(String),
    `untracked` UInt8 CODEC(ZSTD(1)),
    `sent_at` DateTime('UTC') CODEC(T64, ZSTD(1)),
    `injected_at` DateTime('UTC') CODEC(T64, ZSTD(1)),
    `deferred_at` DateTime('UTC') CODEC(ZSTD(1)),
    `delivered_at` DateTime('UTC') CODEC(T64, ZSTD(1)),
    `bounced_at` DateTime('UTC') CODEC(ZSTD(1)),
    `bounce_class` LowCardinality(String),
    `bounce_reason` LowCardinality(String),
    `dropped_at` DateTime('UTC') CODEC(ZSTD(1)),
    `opened_at` DateTime('UTC') CODEC(ZSTD(1)),
    `opened_human_at` DateTime('UTC') CODEC(ZSTD(1)),
    `clicked_at` DateTime('UTC') CODEC(ZSTD(1)),
    `clicked_human_at` DateTime('UTC') CODEC(ZSTD(1)),
    `complained_at` DateTime('UTC') CODEC(ZSTD(1)),
    `unsubscribed_at` DateTime('UTC') CODEC(ZSTD(1)),
    `unsubscribed_human_at` DateTime('UTC') DEFAULT unsubscribed_at CODEC(ZSTD(1)),
    `unsubscribe_method` LowCardinality(String),
    `replied_at` DateTime('UTC') CODEC(ZSTD(1)),
    `forwarded_at` DateTime('UTC') CODEC(ZSTD(1)),
    `shared_at` DateTime('UTC') CODEC(ZSTD(1)),
    `converted_at` DateTime('UTC') CODEC(ZSTD(1)),
    `tally_keys` Array(UInt64) CODEC(ZSTD(1)),
    `tally_counts` Array(Int64) CODEC(ZSTD(1)),
    `tally_amounts` Array(Decimal(18, 4)) CODEC(ZSTD(1)),
    INDEX by_campaign campaign_id TYPE set(64) GRANULARITY 1,
    INDEX by_version version TYPE minmax GRANULARITY 1,
    INDEX by_sent sent_at TYPE minmax GRANULARITY 1,
    INDEX by_recipient recipient_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replacing:version}
ORDER BY (tenant, born, message_key)
SETTINGS index_granularity = 1024, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS metrics_minute
(
    `tenant` LowCardinality(String),
    `clock` LowCardinality(String),
    `measure` LowCardinality(String),
    `bucket` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `n` Int64 CODEC(T64, ZSTD(1)),
    `amount` Decimal(18, 4) CODEC(ZSTD(1))
)
ENGINE = {summing:n, amount}
PARTITION BY toYYYYMM(bucket)
ORDER BY (tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream)
SETTINGS index_granularity = 8192, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS metrics_quarter
(
    `tenant` LowCardinality(String),
    `clock` LowCardinality(String),
    `measure` LowCardinality(String),
    `bucket` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `n` Int64 CODEC(T64, ZSTD(1)),
    `amount` Decimal(18, 4) CODEC(ZSTD(1)),
    INDEX by_campaign campaign_id TYPE set(256) GRANULARITY 1,
    PROJECTION totals
    (
        SELECT
            tenant,
            clock,
            measure,
            bucket,
            sum(n),
            sum(amount)
        GROUP BY
            tenant,
            clock,
            measure,
            bucket
    ),
    PROJECTION campaigns
    (
        SELECT
            tenant,
            clock,
            campaign_id,
            measure,
            min(bucket),
            max(bucket),
            sum(n),
            sum(amount)
        GROUP BY
            tenant,
            clock,
            campaign_id,
            measure
    )
)
ENGINE = {summing:n, amount}
PARTITION BY toYear(bucket)
ORDER BY (tenant, clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, variant, stream)
SETTINGS index_granularity = 8192, deduplicate_merge_projection_mode = 'rebuild', default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS placements
(
    `tenant` LowCardinality(String),
    `test_id` String CODEC(ZSTD(1)),
    `seed` String CODEC(ZSTD(1)),
    `placement` LowCardinality(String),
    `tab` LowCardinality(String),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `spf` LowCardinality(String),
    `dkim` LowCardinality(String),
    `dmarc` LowCardinality(String),
    `at` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `source` LowCardinality(String),
    `changed_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = {replacing:changed_at}
ORDER BY (tenant, test_id, seed)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS spend
(
    `tenant` LowCardinality(String),
    `campaign_id` LowCardinality(String),
    `channel` LowCardinality(String),
    `hour` DateTime('UTC'),
    `impressions` UInt64,
    `clicks` UInt64,
    `cost` Decimal(18, 4),
    `currency` LowCardinality(String),
    `changed_at` DateTime64(3, 'UTC')
)
ENGINE = {replacing:changed_at}
ORDER BY (tenant, campaign_id, channel, hour)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS tls_reports
(
    `tenant` LowCardinality(String),
    `domain` LowCardinality(String),
    `begin_at` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `org` LowCardinality(String),
    `report_id` String CODEC(ZSTD(1)),
    `row` UInt32 CODEC(ZSTD(1)),
    `end_at` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `policy_type` LowCardinality(String),
    `policy` String CODEC(ZSTD(1)),
    `mx` LowCardinality(String),
    `successful` UInt64 CODEC(T64, ZSTD(1)),
    `failed` UInt64 CODEC(T64, ZSTD(1)),
    `failure_type` LowCardinality(String),
    `failure_sessions` UInt64 CODEC(T64, ZSTD(1)),
    `sending_ip` String CODEC(ZSTD(1)),
    `receiving_ip` String CODEC(ZSTD(1)),
    `failure_reason` String CODEC(ZSTD(1)),
    `contact` LowCardinality(String),
    `source` LowCardinality(String),
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `batch_id` UInt64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = {replacing:batch_id}
PARTITION BY toYYYYMM(begin_at)
ORDER BY (tenant, domain, begin_at, org, report_id, row)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS touchpoints
(
    `tenant` LowCardinality(String),
    `recipient_key` UInt64 CODEC(ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `event_key` UInt64 CODEC(NONE),
    `version` UInt64 CODEC(Delta(8), ZSTD(1)),
    `taken_back` UInt8 CODEC(ZSTD(1)),
    `type` LowCardinality(String),
    `channel` LowCardinality(String),
    `campaign_id` LowCardinality(String),
    `message_key` UInt64 CODEC(ZSTD(1)),
    `link_url` String CODEC(ZSTD(1))
)
ENGINE = {replacing:version, taken_back}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, recipient_key, occurred_at, event_key)
SETTINGS index_granularity = 8192, default_compression_codec = 'ZSTD(1)';

CREATE VIEW IF NOT EXISTS message_facts
(
    `tenant` LowCardinality(String),
    `clock` String,
    `measure` String,
    `at` DateTime('UTC'),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `recipient_domain` LowCardinality(String),
    `channel` LowCardinality(String),
    `pool` LowCardinality(String),
    `bounce_class` LowCardinality(String),
    `bounce_reason` LowCardinality(String),
    `message_key` UInt64,
    `recipient_key` UInt64,
    `shard` UInt16,
    `n` Int64,
    `amount` Decimal(18, 4)
)
AS SELECT
    tenant,
    clock,
    contribution.1 AS measure,
    if(clock = 'send', sent_at, contribution.2) AS at,
    campaign_id,
    provider,
    sending_domain,
    segment,
    template_id,
    variant,
    stream,
    recipient_domain,
    channel,
    pool,
    bounce_class,
    bounce_reason,
    message_key,
    recipient_key,
    shard,
    contribution.3 AS n,
    contribution.4 AS amount
FROM
(
    SELECT
        *,
        contribution
    FROM
    (
        SELECT
            *,
            arrayConcat(arrayFilter(c -> ((c.2) > toDateTime(0, 'UTC')), [('injected', injected_at, toInt64(1), toDecimal64(0, 4)), ('deferred', deferred_at, 1, toDecimal64(0, 4)), ('dropped', dropped_at, 1, toDecimal64(0, 4)), ('sent', if(delivered_at > toDateTime(0, 'UTC'), delivered_at, bounced_at), 1, toDecimal64(0, 4)), ('delivered', if(bounced_at >= delivered_at, toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)), ('tracked_delivered', if((bounced_at >= delivered_at) OR (untracked > 0), toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)), ('bounced', if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), (concat('bounced_', toString(bounce_class)), if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), ('opened', opened_at, 1, toDecimal64(0, 4)), ('opened_human', opened_human_at, 1, toDecimal64(0, 4)), ('clicked', clicked_at, 1, toDecimal64(0, 4)), ('clicked_human', clicked_human_at, 1, toDecimal64(0, 4)), ('complained', complained_at, 1, toDecimal64(0, 4)), ('unsubscribed', unsubscribed_at, 1, toDecimal64(0, 4)), ('unsubscribed_human', unsubscribed_human_at, 1, toDecimal64(0, 4)), (concat('unsubscribed_', toString(unsubscribe_method)), if((unsubscribe_method IN ('link', 'one_click', 'mailto')), unsubscribed_human_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), ('replied', replied_at, 1, toDecimal64(0, 4)), ('forwarded', forwarded_at, 1, toDecimal64(0, 4)), ('shared', shared_at, 1, toDecimal64(0, 4)), ('converted', converted_at, 1, toDecimal64(0, 4))]), arrayMap((k, n, a) -> (['opens', 'opens_human', 'clicks', 'clicks_human', 'conversions', 'revenue'][k % 16], toDateTime(intDiv(k, 16) * 60, 'UTC'), n, a), tally_keys, tally_counts, tally_amounts)) AS contributions
        FROM messages
        FINAL
    )
    ARRAY JOIN contributions AS contribution
)
ARRAY JOIN if(sent_at > toDateTime(0, 'UTC'), ['event', 'send'], ['event']) AS clock;

CREATE VIEW IF NOT EXISTS recipient_events
(
    `tenant` LowCardinality(String),
    `recipient_key` UInt64,
    `occurred_at` DateTime64(3, 'UTC'),
    `event_key` UInt64,
    `weight` Int8,
    `type` LowCardinality(String),
    `actor` LowCardinality(String),
    `channel` LowCardinality(String),
    `campaign_id` LowCardinality(String),
    `message_key` UInt64
)
AS SELECT
    tenant,
    recipient_key,
    occurred_at,
    event_key,
    weight,
    type,
    actor,
    channel,
    campaign_id,
    message_key
FROM events
WHERE recipient_key != 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS message_changes_to_messages TO messages
(
    `tenant` LowCardinality(String),
    `born` Date,
    `message_key` UInt64,
    `version` UInt64,
    `shard` UInt16,
    `recipient_key` UInt64,
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `recipient_domain` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `channel` LowCardinality(String),
    `pool` LowCardinality(String),
    `untracked` UInt8,
    `sent_at` DateTime('UTC'),
    `injected_at` DateTime('UTC'),
    `deferred_at` DateTime('UTC'),
    `delivered_at` DateTime('UTC'),
    `bounced_at` DateTime('UTC'),
    `bounce_class` LowCardinality(String),
    `bounce_reason` LowCardinality(String),
    `dropped_at` DateTime('UTC'),
    `opened_at` DateTime('UTC'),
    `opened_human_at` DateTime('UTC'),
    `clicked_at` DateTime('UTC'),
    `clicked_human_at` DateTime('UTC'),
    `complained_at` DateTime('UTC'),
    `unsubscribed_at` DateTime('UTC'),
    `unsubscribed_human_at` DateTime('UTC'),
    `unsubscribe_method` LowCardinality(String),
    `replied_at` DateTime('UTC'),
    `forwarded_at` DateTime('UTC'),
    `shared_at` DateTime('UTC'),
    `converted_at` DateTime('UTC'),
    `tally_keys` Array(UInt64),
    `tally_counts` Array(Int64),
    `tally_amounts` Array(Decimal(18, 4))
)
AS SELECT * EXCEPT sign
FROM message_changes
WHERE sign = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS message_changes_to_minute TO metrics_minute
(
    `tenant` LowCardinality(String),
    `clock` String,
    `measure` String,
    `bucket` DateTime('UTC'),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `n` Int64,
    `amount` Decimal(38, 4)
)
AS SELECT
    tenant,
    'event' AS clock,
    contribution.1 AS measure,
    toStartOfMinute(contribution.2) AS bucket,
    campaign_id,
    provider,
    sending_domain,
    segment,
    template_id,
    variant,
    stream,
    sum(sign * (contribution.3)) AS n,
    sum(sign * (contribution.4)) AS amount
FROM
(
    SELECT
        *,
        arrayConcat(arrayFilter(c -> ((c.2) > toDateTime(0, 'UTC')), [('injected', injected_at, toInt64(1), toDecimal64(0, 4)), ('deferred', deferred_at, 1, toDecimal64(0, 4)), ('dropped', dropped_at, 1, toDecimal64(0, 4)), ('sent', if(delivered_at > toDateTime(0, 'UTC'), delivered_at, bounced_at), 1, toDecimal64(0, 4)), ('delivered', if(bounced_at >= delivered_at, toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)), ('tracked_delivered', if((bounced_at >= delivered_at) OR (untracked > 0), toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)), ('bounced', if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), (concat('bounced_', toString(bounce_class)), if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), ('opened', opened_at, 1, toDecimal64(0, 4)), ('opened_human', opened_human_at, 1, toDecimal64(0, 4)), ('clicked', clicked_at, 1, toDecimal64(0, 4)), ('clicked_human', clicked_human_at, 1, toDecimal64(0, 4)), ('complained', complained_at, 1, toDecimal64(0, 4)), ('unsubscribed', unsubscribed_at, 1, toDecimal64(0, 4)), ('unsubscribed_human', unsubscribed_human_at, 1, toDecimal64(0, 4)), (concat('unsubscribed_', toString(unsubscribe_method)), if((unsubscribe_method IN ('link', 'one_click', 'mailto')), unsubscribed_human_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), ('replied', replied_at, 1, toDecimal64(0, 4)), ('forwarded', forwarded_at, 1, toDecimal64(0, 4)), ('shared', shared_at, 1, toDecimal64(0, 4)), ('converted', converted_at, 1, toDecimal64(0, 4))]), arrayMap((k, n, a) -> (['opens', 'opens_human', 'clicks', 'clicks_human', 'conversions', 'revenue'][k % 16], toDateTime(intDiv(k, 16) * 60, 'UTC'), n, a), tally_keys, tally_counts, tally_amounts)) AS contributions
    FROM message_changes
)
ARRAY JOIN contributions AS contribution
GROUP BY
    tenant,
    measure,
    bucket,
    campaign_id,
    provider,
    sending_domain,
    segment,
    template_id,
    variant,
    stream
HAVING (n != 0) OR (amount != 0);

CREATE MATERIALIZED VIEW IF NOT EXISTS message_changes_to_quarter TO metrics_quarter
(
    `tenant` LowCardinality(String),
    `clock` String,
    `measure` String,
    `bucket` DateTime('UTC'),
    `campaign_id` LowCardinality(String),
    `provider` LowCardinality(String),
    `sending_domain` LowCardinality(String),
    `segment` LowCardinality(String),
    `template_id` LowCardinality(String),
    `variant` LowCardinality(String),
    `stream` LowCardinality(String),
    `n` Int64,
    `amount` Decimal(38, 4)
)
AS SELECT
    tenant,
    clock,
    contribution.1 AS measure,
    toStartOfFifteenMinutes(if(clock = 'send', sent_at, contribution.2)) AS bucket,
    campaign_id,
    provider,
    sending_domain,
    segment,
    template_id,
    variant,
    stream,
    sum(sign * (contribution.3)) AS n,
    sum(sign * (contribution.4)) AS amount
FROM
(
    SELECT
        *,
        contribution
    FROM
    (
        SELECT
            *,
            arrayConcat(arrayFilter(c -> ((c.2) > toDateTime(0, 'UTC')), [('injected', injected_at, toInt64(1), toDecimal64(0, 4)), ('deferred', deferred_at, 1, toDecimal64(0, 4)), ('dropped', dropped_at, 1, toDecimal64(0, 4)), ('sent', if(delivered_at > toDateTime(0, 'UTC'), delivered_at, bounced_at), 1, toDecimal64(0, 4)), ('delivered', if(bounced_at >= delivered_at, toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)), ('tracked_delivered', if((bounced_at >= delivered_at) OR (untracked > 0), toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)), ('bounced', if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), (concat('bounced_', toString(bounce_class)), if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), ('opened', opened_at, 1, toDecimal64(0, 4)), ('opened_human', opened_human_at, 1, toDecimal64(0, 4)), ('clicked', clicked_at, 1, toDecimal64(0, 4)), ('clicked_human', clicked_human_at, 1, toDecimal64(0, 4)), ('complained', complained_at, 1, toDecimal64(0, 4)), ('unsubscribed', unsubscribed_at, 1, toDecimal64(0, 4)), ('unsubscribed_human', unsubscribed_human_at, 1, toDecimal64(0, 4)), (concat('unsubscribed_', toString(unsubscribe_method)), if((unsubscribe_method IN ('link', 'one_click', 'mailto')), unsubscribed_human_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)), ('replied', replied_at, 1, toDecimal64(0, 4)), ('forwarded', forwarded_at, 1, toDecimal64(0, 4)), ('shared', shared_at, 1, toDecimal64(0, 4)), ('converted', converted_at, 1, toDecimal64(0, 4))]), arrayMap((k, n, a) -> (['opens', 'opens_human', 'clicks', 'clicks_human', 'conversions', 'revenue'][k % 16], toDateTime(intDiv(k, 16) * 60, 'UTC'), n, a), tally_keys, tally_counts, tally_amounts)) AS contributions
        FROM message_changes
    )
    ARRAY JOIN contributions AS contribution
)
ARRAY JOIN if(sent_at > toDateTime(0, 'UTC'), ['event', 'send'], ['event']) AS clock
GROUP BY
    tenant,
    clock,
    measure,
    bucket,
    campaign_id,
    provider,
    sending_domain,
    segment,
    template_id,
    variant,
    stream
HAVING (n != 0) OR (amount != 0);
