-- Pass on what a batch's corrections change: for each message they concern, the state before and the state made again.
-- Only for a batch that has any.
INSERT INTO message_changes (sign, tenant, born, message_key, version, {include:message_columns})
SELECT toInt8(-1) AS sign, tenant, born, message_key, {batch:UInt64} AS version, {include:message_columns}
FROM (
    SELECT *
    FROM messages
    WHERE (tenant, born, message_key) IN (
        SELECT tenant, message_born, message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new = 2
    )
    ORDER BY version DESC
    LIMIT 1 BY tenant, born, message_key
)
UNION ALL
SELECT toInt8(1) AS sign, tenant, born, message_key, {batch:UInt64} AS version, {include:message_columns}
FROM ({include:corrected_state})
