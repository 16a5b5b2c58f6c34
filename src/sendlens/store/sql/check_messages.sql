-- Messages whose state is not what all of their events together tell, or that only one of the two knows.
-- Verdicts that were taken back do not count. `shard` is a place and no state: it is left out.
SELECT count() AS wrong, any(format('tenant {}, message key {}', tenant, toString(message_key))) AS example
FROM (
    SELECT tenant, message_key
    FROM (
        SELECT tenant, message_key, {include:message_columns}
        FROM messages FINAL
        WHERE message_key % {slices:UInt64} = {slice:UInt64}
        UNION ALL
        SELECT tenant, message_key, {include:message_columns}
        FROM (
            SELECT tenant, message_key, {include:message_merge}
            FROM (
                SELECT tenant, message_key, {include:event_state}
                FROM events
                WHERE message_key % {slices:UInt64} = {slice:UInt64} AND (event_key, actor) NOT IN (
                    {include:taken_back} AND message_key % {slices:UInt64} = {slice:UInt64}
                    GROUP BY event_key, actor HAVING sum(weight) < 0
                )
            ) AS s
            GROUP BY tenant, message_key
        )
    )
    GROUP BY tenant, message_key
    HAVING count() != 2 OR uniqExact(tuple(* EXCEPT (tenant, message_key, shard))) != 1
)
