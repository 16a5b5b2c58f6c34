-- The states of the messages that a batch corrects, made again of all their events but the verdicts that were taken back:
-- a first time cannot be taken out of a minimum. Their day of birth keeps the search away from the rest of history.
SELECT tenant, born, message_key, {include:message_merge}
FROM (
    SELECT tenant, message_born AS born, message_key, {include:event_state}
    FROM events
    WHERE (tenant, message_born, message_key) IN (
            SELECT tenant, message_born, message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new = 2
        )
        AND (event_key, actor) NOT IN (
            {include:taken_back} AND message_key IN (
                SELECT message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new = 2
            )
            GROUP BY event_key, actor HAVING sum(weight) < 0
        )
) AS s
GROUP BY tenant, born, message_key
