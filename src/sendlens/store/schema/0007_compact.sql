-- Less on disk and less to write (docs/decisions/0016-storage.md). Parts that are there keep their form until they are
-- merged; both can be read side by side.

-- A copy of every event in the order of persons took a fifth of all space. The events of one person are found by the index
-- by_recipient, and who asks for all persons of a tenant groups by their key: the name stays, the copy goes.
DROP TABLE recipient_events;

CREATE VIEW recipient_events AS
SELECT tenant, recipient_key, occurred_at, event_key, weight, type, actor, channel, campaign_id, message_key
FROM events
WHERE recipient_key != 0;

-- Columns without a codec of their own, which are the labels, take half the space.
ALTER TABLE events MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE messages MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE metrics_quarter MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE metrics_minute MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE engagements MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE touchpoints MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE conversions MODIFY SETTING default_compression_codec = 'ZSTD(1)';

-- In the order of messages, times lie anywhere in a day: their width says more than their differences.
ALTER TABLE events MODIFY COLUMN occurred_at CODEC(T64('bit'), ZSTD(1));

ALTER TABLE events MODIFY COLUMN received_at CODEC(T64('bit'), ZSTD(1));

ALTER TABLE messages MODIFY COLUMN sent_at CODEC(T64, ZSTD(1));

ALTER TABLE messages MODIFY COLUMN injected_at CODEC(T64, ZSTD(1));

ALTER TABLE messages MODIFY COLUMN delivered_at CODEC(T64, ZSTD(1));

-- The events of one message repeat it.
ALTER TABLE events MODIFY COLUMN message_sent_at CODEC(ZSTD(1));

ALTER TABLE events MODIFY COLUMN recipient CODEC(ZSTD(3));

-- Sorted keys: the differences of neighbours are smaller than they are.
ALTER TABLE messages MODIFY COLUMN message_key CODEC(Delta, ZSTD(1));

-- A person's events and messages lie far apart: the index tells a quarter as many rows for each of them, and is as large.
ALTER TABLE events DROP INDEX by_recipient;

ALTER TABLE events ADD INDEX by_recipient recipient_key TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE events MATERIALIZE INDEX by_recipient;

ALTER TABLE messages DROP INDEX by_recipient;

ALTER TABLE messages ADD INDEX by_recipient recipient_key TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE messages MATERIALIZE INDEX by_recipient;
