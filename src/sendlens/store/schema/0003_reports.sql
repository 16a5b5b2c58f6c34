-- What mailbox providers report about domains in bulk. Both tables are keyed sets: a report that comes twice, by whichever
-- way, changes nothing, because everything in the key comes from the report itself. Read them with FINAL.

-- Mails of one From domain from one address, in one DMARC aggregate report: a row of the report. The key begins with what
-- is asked for: a tenant's domain, a time, an address.
CREATE TABLE dmarc_records (
    tenant LowCardinality(String),
    domain LowCardinality(String),
    begin_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    source_ip String CODEC(ZSTD(1)),
    org LowCardinality(String),
    report_id String CODEC(ZSTD(1)),
    row UInt32 CODEC(ZSTD(1)),
    end_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    count UInt64 CODEC(T64, ZSTD(1)),
    disposition LowCardinality(String),
    dkim_aligned UInt8,
    spf_aligned UInt8,
    overrides Array(LowCardinality(String)),
    envelope_from LowCardinality(String),
    envelope_to LowCardinality(String),
    dkim_domains Array(LowCardinality(String)),
    dkim_selectors Array(LowCardinality(String)),
    dkim_results Array(LowCardinality(String)),
    spf_domains Array(LowCardinality(String)),
    spf_results Array(LowCardinality(String)),
    policy_domain LowCardinality(String),
    policy LowCardinality(String),
    subdomain_policy LowCardinality(String),
    nonexistent_policy LowCardinality(String),
    strict_dkim UInt8,
    strict_spf UInt8,
    percentage Int16,
    testing UInt8,
    discovery_method LowCardinality(String),
    generator LowCardinality(String),
    source LowCardinality(String),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    batch_id UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = {replacing:batch_id}
PARTITION BY toYYYYMM(begin_at)
ORDER BY (tenant, domain, begin_at, source_ip, org, report_id, row);

-- Sessions under one TLS policy, in one report: its totals, or one kind of failure.
CREATE TABLE tls_reports (
    tenant LowCardinality(String),
    domain LowCardinality(String),
    begin_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    org LowCardinality(String),
    report_id String CODEC(ZSTD(1)),
    row UInt32 CODEC(ZSTD(1)),
    end_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    policy_type LowCardinality(String),
    policy String CODEC(ZSTD(1)),
    mx LowCardinality(String),
    successful UInt64 CODEC(T64, ZSTD(1)),
    failed UInt64 CODEC(T64, ZSTD(1)),
    failure_type LowCardinality(String),
    failure_sessions UInt64 CODEC(T64, ZSTD(1)),
    sending_ip String CODEC(ZSTD(1)),
    receiving_ip String CODEC(ZSTD(1)),
    failure_reason String CODEC(ZSTD(1)),
    contact LowCardinality(String),
    source LowCardinality(String),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    batch_id UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = {replacing:batch_id}
PARTITION BY toYYYYMM(begin_at)
ORDER BY (tenant, domain, begin_at, org, report_id, row);
