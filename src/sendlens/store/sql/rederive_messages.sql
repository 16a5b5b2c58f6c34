-- After an unclean stop: bring the states of the messages that a batch touches up to that batch. A message whose
-- latest version is already the batch's keeps it; the others are merged as derive_messages.sql would have done.
-- Messages that the batch corrects are left to recorrect_messages.sql.
-- The roll-ups are then made to agree by reconcile_quarter.sql and reconcile_minute.sql.
INSERT INTO messages (tenant, born, message_key, version, {include:message_columns})
SELECT tenant, born, message_key, {batch:UInt64} AS version, {include:message_columns}
FROM (
    SELECT tenant, born, message_key, {include:message_merge}
    FROM (
        SELECT tenant, born, message_key, {include:message_columns}
        FROM messages
        WHERE (tenant, born, message_key) IN (
                SELECT tenant, message_born, message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new != 2
            )
            AND (tenant, born, message_key) NOT IN (SELECT tenant, born, message_key FROM messages WHERE version = {batch:UInt64})
        ORDER BY version DESC
        LIMIT 1 BY tenant, born, message_key
        UNION ALL
        SELECT tenant, born, message_key, {include:message_columns}
        FROM (
            SELECT tenant, message_born AS born, message_key, {include:event_state}
            FROM events
            WHERE batch_id = {batch:UInt64} AND message_new != 2
                AND (tenant, message_key) NOT IN (SELECT tenant, message_key FROM messages WHERE version = {batch:UInt64})
        )
    ) AS s
    GROUP BY tenant, born, message_key
)
