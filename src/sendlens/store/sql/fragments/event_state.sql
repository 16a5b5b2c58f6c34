-- The state of a message as one of its events tells it; what several tell is made one by message_merge.sql.
-- 1970-01-01 stands for "has not happened". The totals are those of contributions_1.sql, in the order of their numbers:
-- opens, opens_human, clicks, clicks_human, conversions, revenue. A conversion counts if it names its campaign or message;
-- which mail earned the others is for attribution to say.
shard, recipient_key, campaign_id, provider, recipient_domain, sending_domain, segment, template_id, variant, stream, channel, pool, untracked,
toDateTime(occurred_at, 'UTC') AS at,
toDateTime(0, 'UTC') AS never,
multiIf(
    type NOT IN ('injected', 'deferred', 'delivered', 'bounced', 'dropped'), message_sent_at,
    message_sent_at = never, at,
    least(message_sent_at, at)
) AS sent_at,
if(type = 'injected', at, never) AS injected_at,
if(type = 'deferred', at, never) AS deferred_at,
if(type = 'delivered', at, never) AS delivered_at,
if(type = 'bounced', at, never) AS bounced_at,
if(type = 'bounced', events.bounce_class, '') AS bounce_class,
if(type = 'bounced', events.bounce_reason, '') AS bounce_reason,
if(type = 'dropped', at, never) AS dropped_at,
if(type = 'opened', at, never) AS opened_at,
if(type = 'opened' AND actor != 'machine', at, never) AS opened_human_at,
if(type = 'clicked' AND link_kind = '', at, never) AS clicked_at,
if(actor != 'machine', clicked_at, never) AS clicked_human_at,
if(type = 'complained', at, never) AS complained_at,
if(type = 'unsubscribed', at, never) AS unsubscribed_at,
if(actor != 'machine', unsubscribed_at, never) AS unsubscribed_human_at,
if(type = 'unsubscribed' AND actor != 'machine', events.unsubscribe_method, '') AS unsubscribe_method,
if(type = 'replied', at, never) AS replied_at,
if(type = 'forwarded', at, never) AS forwarded_at,
if(type = 'shared', at, never) AS shared_at,
if(type = 'converted' AND (events.campaign_id != '' OR message_id != ''), at, never) AS converted_at,
multiIf(
    opened_human_at > never, [1, 2],
    opened_at > never, [1],
    clicked_human_at > never, [3, 4],
    clicked_at > never, [3],
    converted_at > never AND revenue != 0, [5, 6],
    converted_at > never, [5],
    []
) AS totals,
arrayMap(i -> toUInt64(intDiv(toUnixTimestamp(at), 60) * 16 + i), totals) AS tally_keys,
arrayMap(i -> if(i = 6, 0, toInt64(weight)), totals) AS tally_counts,
arrayMap(i -> if(i = 6, revenue * weight, toDecimal64(0, 4)), totals) AS tally_amounts
