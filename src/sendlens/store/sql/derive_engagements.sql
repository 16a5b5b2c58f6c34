-- The engagements of one batch with what their messages know after it, and once more those of earlier batches whose
-- messages became better known. Runs behind the messages, whose new states are those of the batch's version; running
-- it twice changes nothing. What the batch itself tells of an engagement holds before what was kept of it.
INSERT INTO engagements (tenant, type, born, message_key, event_key, version, occurred_at, {include:engagement_columns}, {include:engagement_message})
SELECT tenant, type, born, message_key, event_key, {batch:UInt64} AS version, occurred_at, {include:engagement_columns}, {include:engagement_message}
FROM (
    SELECT *
    FROM (
        SELECT tenant, type, message_born AS born, message_key, event_key, toDateTime(occurred_at, 'UTC') AS occurred_at, {include:engagement_columns},
            toUInt64(0) AS known, toUInt64(-1) AS version
        FROM events
        WHERE batch_id = {batch:UInt64} AND weight > 0 AND type IN ({include:engagement_types})
        UNION ALL
        SELECT tenant, type, born, message_key, event_key, occurred_at, {include:engagement_columns},
            cityHash64({include:engagement_message}) AS known, version
        FROM engagements
        WHERE (tenant, born, message_key) IN (SELECT tenant, message_born, message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new != 1)
    )
    ORDER BY version DESC
    LIMIT 1 BY tenant, type, born, message_key, event_key
) AS acts
INNER JOIN (
    SELECT tenant, born, message_key, {include:engagement_message}, cityHash64({include:engagement_message}) AS state
    FROM messages
    WHERE version = {batch:UInt64} AND (tenant, born, message_key) IN (
        SELECT tenant, message_born, message_key FROM events
        WHERE batch_id = {batch:UInt64} AND (message_new != 1 OR type IN ({include:engagement_types}))
    )
    LIMIT 1 BY tenant, born, message_key
) AS m USING (tenant, born, message_key)
WHERE known != state
