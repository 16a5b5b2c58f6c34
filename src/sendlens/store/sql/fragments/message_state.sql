-- The state of messages as their events tell it; included over any selection of events. Every expression gives the
-- same result for the same set of events in any order, which is why late and permuted events change nothing. A provider that is known by name
-- (an event told the mail exchanger) wins over one that only repeats the recipient's domain, which has a dot.
any(events.shard) AS shard,
max(events.recipient_key) AS recipient_key,
max(events.campaign_id) AS campaign_id,
max((events.provider != '' AND position(events.provider, '.') = 0, toString(events.provider))).2 AS provider,
max(events.recipient_domain) AS recipient_domain,
max(events.sending_domain) AS sending_domain,
max(events.segment) AS segment,
max(events.template_id) AS template_id,
max(events.variant) AS variant,
max(events.stream) AS stream,
max(events.channel) AS channel,
max(events.pool) AS pool,
max(events.untracked) AS untracked,
minIf(
    multiIf(
        message_sent_at = toDateTime(0, 'UTC'), toDateTime(occurred_at, 'UTC'),
        type IN ('injected', 'deferred', 'delivered', 'bounced', 'dropped'), least(message_sent_at, toDateTime(occurred_at, 'UTC')),
        message_sent_at
    ),
    message_sent_at > toDateTime(0, 'UTC') OR type IN ('injected', 'deferred', 'delivered', 'bounced', 'dropped')
) AS sent_at,
maxIf((toDateTime(occurred_at, 'UTC'), toString(events.bounce_class), toString(events.bounce_reason)), type = 'bounced') AS last_bounce,
minIf((toDateTime(occurred_at, 'UTC'), toString(events.unsubscribe_method)), type = 'unsubscribed' AND actor != 'machine') AS first_unsubscribe,
minIf(toDateTime(occurred_at, 'UTC'), type = 'injected') AS injected_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'deferred') AS deferred_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'delivered') AS delivered_at,
last_bounce.1 AS bounced_at,
last_bounce.2 AS bounce_class,
last_bounce.3 AS bounce_reason,
minIf(toDateTime(occurred_at, 'UTC'), type = 'dropped') AS dropped_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'opened') AS opened_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'opened' AND actor != 'machine') AS opened_human_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'clicked' AND link_kind = '') AS clicked_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'clicked' AND link_kind = '' AND actor != 'machine') AS clicked_human_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'complained') AS complained_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'unsubscribed') AS unsubscribed_at,
first_unsubscribe.1 AS unsubscribed_human_at,
first_unsubscribe.2 AS unsubscribe_method,
minIf(toDateTime(occurred_at, 'UTC'), type = 'replied') AS replied_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'forwarded') AS forwarded_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'shared') AS shared_at,
minIf(toDateTime(occurred_at, 'UTC'), type = 'converted' AND (events.campaign_id != '' OR message_id != '')) AS converted_at,
sumMap(
    arrayFilter((k, wanted) -> wanted, arrayMap(i -> toUInt64(intDiv(toUnixTimestamp(toDateTime(occurred_at, 'UTC')), 60) * 16 + i), [1, 2, 3, 4, 5, 6]), tally_wanted),
    arrayFilter((n, wanted) -> wanted, [toInt64(weight), weight, weight, weight, weight, 0], tally_wanted),
    arrayFilter((a, wanted) -> wanted, [toDecimal64(0, 4), 0, 0, 0, 0, revenue * weight], tally_wanted)
) AS tally,
tally.1 AS tally_keys,
tally.2 AS tally_counts,
tally.3 AS tally_amounts
