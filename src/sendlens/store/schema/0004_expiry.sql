-- Retention. What a tenant no longer wants to keep is deleted message by message; what those messages had counted stays in
-- the roll-ups, and here, so that everything can still be compared (docs/decisions/0011-retention.md).

-- What deleted messages had contributed, by quarter of an hour; with the clock `receipt`, how many of a source's events
-- (named in `measure`) were received in a minute.
CREATE TABLE expired (
    tenant LowCardinality(String),
    run UInt64 CODEC(Delta, ZSTD(1)),
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
ENGINE = {mergetree}
ORDER BY (tenant, run, clock, measure, bucket);

-- The runs of the deletion: which days of birth, and before when the last of a message was heard. A run counts once it is
-- here; `done` follows when its rows are gone.
CREATE TABLE expiries (
    tenant LowCardinality(String),
    run UInt64,
    born_from Date,
    born_until Date,
    before DateTime64(3, 'UTC'),
    done UInt8
)
ENGINE = {replacing:done}
ORDER BY (tenant, run)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
