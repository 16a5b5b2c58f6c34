-- Carry one batch's events into message states and roll-ups: read what was known of the messages it touches, and pass
-- the state before (sign -1) and the state after (sign +1) on to message_changes.
-- A message that is new with this batch is not looked for (message_new = 1), the others only on the day they were born;
-- one that the batch corrects (message_new = 2) is left to correct_messages.sql.
-- TRICKY: the latest version is picked by LIMIT 1 BY and not by FINAL, which costs three times as much here. What was
-- known is one row a message, which merged alone stays as it is: so it takes part in both signs, and the batch in one.
-- A small batch's time is the thinking about this statement and not the doing: every expression more is felt.
INSERT INTO message_changes (sign, tenant, born, message_key, version, {include:message_columns})
SELECT sign, tenant, born, message_key, {batch:UInt64} AS version, {include:message_columns}
FROM (
    SELECT sign, tenant, born, message_key, {include:message_merge}
    FROM (
        SELECT [-1, 1] AS signs, tenant, born, message_key, {include:message_columns}
        FROM messages
        WHERE (tenant, born, message_key) IN (
            SELECT tenant, message_born, message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new = 0
        )
        ORDER BY version DESC
        LIMIT 1 BY tenant, born, message_key
        UNION ALL
        SELECT [1] AS signs, tenant, born, message_key, {include:message_columns}
        FROM (
            SELECT tenant, message_born AS born, message_key, {include:event_state}
            FROM events
            WHERE batch_id = {batch:UInt64} AND message_new != 2
        )
    ) AS s
    ARRAY JOIN signs AS sign
    GROUP BY sign, tenant, born, message_key
)
