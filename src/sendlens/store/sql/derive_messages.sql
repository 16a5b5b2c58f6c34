-- Carry one batch's events into message states and roll-ups: read what was known of the messages it touches, and pass
-- the state before and the state after on (message_changes).
INSERT INTO message_changes (sign, tenant, message_key, version, {include:message_columns})
WITH known AS (
    SELECT tenant, message_key, {include:message_columns}
    FROM messages FINAL
    WHERE (tenant, message_key) IN (SELECT tenant, message_key FROM events WHERE batch_id = {batch:UInt64})
)
SELECT -1 AS sign, tenant, message_key, toUInt64(0) AS version, {include:message_columns} FROM known
UNION ALL
SELECT 1 AS sign, tenant, message_key, {batch:UInt64} AS version, {include:message_columns}
FROM (
    SELECT tenant, message_key, {include:message_merge}
    FROM (
        SELECT tenant, message_key, {include:message_columns} FROM known
        UNION ALL
        SELECT tenant, message_key, {include:message_columns}
        FROM (
            SELECT tenant, message_key, {include:message_state}
            FROM (SELECT *, {include:tally_wanted} FROM events WHERE batch_id = {batch:UInt64}) AS events
            GROUP BY tenant, message_key
        )
    ) AS s
    GROUP BY tenant, message_key
)
