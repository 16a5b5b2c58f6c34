-- Carry one batch's events into message states and roll-ups: read what was known of the messages it touches, and pass
-- the state before (sign -1) and the state after (sign +1) on to message_changes.
-- A message that is new with this batch is not looked for (message_new = 1), the others only on the day they were born;
-- one that the batch corrects (message_new = 2) is left to correct_messages.sql.
-- TRICKY: the latest version is picked by LIMIT 1 BY and not by FINAL, which costs three times as much here.
INSERT INTO message_changes (sign, tenant, born, message_key, version, {include:message_columns})
SELECT
    change.1 AS sign, tenant, born, message_key, {batch:UInt64} AS version,
    change.2.1 AS shard,
    change.2.2 AS recipient_key,
    change.2.3 AS campaign_id,
    change.2.4 AS provider,
    change.2.5 AS recipient_domain,
    change.2.6 AS sending_domain,
    change.2.7 AS segment,
    change.2.8 AS template_id,
    change.2.9 AS variant,
    change.2.10 AS stream,
    change.2.11 AS channel,
    change.2.12 AS pool,
    change.2.13 AS untracked,
    change.2.14 AS sent_at,
    change.2.15 AS injected_at,
    change.2.16 AS deferred_at,
    change.2.17 AS delivered_at,
    change.2.18 AS bounced_at,
    change.2.19 AS bounce_class,
    change.2.20 AS bounce_reason,
    change.2.21 AS dropped_at,
    change.2.22 AS opened_at,
    change.2.23 AS opened_human_at,
    change.2.24 AS clicked_at,
    change.2.25 AS clicked_human_at,
    change.2.26 AS complained_at,
    change.2.27 AS unsubscribed_at,
    change.2.28 AS unsubscribed_human_at,
    change.2.29 AS unsubscribe_method,
    change.2.30 AS replied_at,
    change.2.31 AS forwarded_at,
    change.2.32 AS shared_at,
    change.2.33 AS converted_at,
    change.2.34 AS tally_keys,
    change.2.35 AS tally_counts,
    change.2.36 AS tally_amounts
FROM (
    SELECT tenant, born, message_key, arrayJoin(arrayConcat(arrayMap(b -> (toInt8(-1), b), before), [(toInt8(1), (
        shard, recipient_key, toString(campaign_id), toString(provider), toString(recipient_domain), toString(sending_domain), toString(segment), toString(template_id), toString(variant), toString(stream), toString(channel), toString(pool), untracked, sent_at, injected_at, deferred_at, delivered_at, bounced_at, toString(bounce_class), toString(bounce_reason), dropped_at, opened_at, opened_human_at, clicked_at, clicked_human_at, complained_at, unsubscribed_at, unsubscribed_human_at, toString(unsubscribe_method), replied_at, forwarded_at, shared_at, converted_at, tally_keys, tally_counts, tally_amounts
    ))])) AS change
    FROM (
        SELECT
            tenant, born, message_key,
            groupArrayIf(1)((
                s.shard, s.recipient_key, toString(s.campaign_id), toString(s.provider), toString(s.recipient_domain), toString(s.sending_domain), toString(s.segment), toString(s.template_id), toString(s.variant), toString(s.stream), toString(s.channel), toString(s.pool), s.untracked, s.sent_at, s.injected_at, s.deferred_at, s.delivered_at, s.bounced_at, toString(s.bounce_class), toString(s.bounce_reason), s.dropped_at, s.opened_at, s.opened_human_at, s.clicked_at, s.clicked_human_at, s.complained_at, s.unsubscribed_at, s.unsubscribed_human_at, toString(s.unsubscribe_method), s.replied_at, s.forwarded_at, s.shared_at, s.converted_at, s.tally_keys, s.tally_counts, s.tally_amounts
            ), s.known) AS before,
            {include:message_merge}
        FROM (
            SELECT true AS known, tenant, born, message_key, {include:message_columns}
            FROM messages
            WHERE (tenant, born, message_key) IN (
                SELECT tenant, message_born, message_key FROM events WHERE batch_id = {batch:UInt64} AND message_new = 0
            )
            ORDER BY version DESC
            LIMIT 1 BY tenant, born, message_key
            UNION ALL
            SELECT false AS known, tenant, born, message_key, {include:message_columns}
            FROM (
                SELECT tenant, message_born AS born, message_key, {include:message_state}
                FROM (SELECT *, {include:tally_wanted} FROM events WHERE batch_id = {batch:UInt64} AND message_new != 2) AS events
                GROUP BY tenant, born, message_key
            )
        ) AS s
        GROUP BY tenant, born, message_key
    )
)
