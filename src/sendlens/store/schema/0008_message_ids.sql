-- Messages are found by their id, for reports that tell it and not the recipient. Parts that are there already get the
-- index when they are merged; until then they are read for such a question.
ALTER TABLE events ADD INDEX by_message_id message_id TYPE bloom_filter(0.05) GRANULARITY 4;
