-- Engagements that are only in one of the two, or know another message than there is: in the base table, each with its
-- latest verdict, or in engagements.
SELECT count() AS wrong, any(format('tenant {}, event key {}, {}', tenant, toString(event_key), type)) AS example
FROM (
    SELECT tenant, event_key, type
    FROM (
        SELECT 0 AS side, tenant, type, born, message_key, event_key, occurred_at, {include:engagement_columns}, {include:engagement_message}
        FROM (
            SELECT tenant, type, message_born AS born, message_key, event_key, toDateTime(occurred_at, 'UTC') AS occurred_at, {include:engagement_columns}
            FROM events
            WHERE message_key % {slices:UInt64} = {slice:UInt64} AND weight > 0 AND type IN ({include:engagement_types})
            ORDER BY batch_id DESC
            LIMIT 1 BY tenant, event_key
        ) AS e
        INNER JOIN (
            SELECT tenant, born, message_key, {include:engagement_message}
            FROM messages FINAL
            WHERE message_key % {slices:UInt64} = {slice:UInt64}
        ) AS m USING (tenant, born, message_key)
        UNION ALL
        SELECT 1 AS side, tenant, type, born, message_key, event_key, occurred_at, {include:engagement_columns}, {include:engagement_message}
        FROM engagements FINAL
        WHERE message_key % {slices:UInt64} = {slice:UInt64}
    )
    GROUP BY tenant, type, born, message_key, event_key, occurred_at, {include:engagement_columns}, {include:engagement_message}
    HAVING uniqExact(side) != 2
)
