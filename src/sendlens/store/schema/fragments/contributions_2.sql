-- What one message contributes to the sums, as an array of (measure, time, n, amount): the one definition of every
-- measure. The roll-ups and the view message_facts include it, so they cannot disagree. Fragments are never edited; a
-- changed definition is a new file, included by a new migration that replaces the views and rebuilds the roll-ups.
arrayConcat(
    arrayFilter(c -> c.2 > toDateTime(0, 'UTC'), [
        ('injected', injected_at, toInt64(1), toDecimal64(0, 4)),
        ('deferred', deferred_at, 1, toDecimal64(0, 4)),
        ('dropped', dropped_at, 1, toDecimal64(0, 4)),
        ('sent', if(delivered_at > toDateTime(0, 'UTC'), delivered_at, bounced_at), 1, toDecimal64(0, 4)),
        ('delivered', if(bounced_at >= delivered_at, toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)),
        ('tracked_delivered', if(bounced_at >= delivered_at OR untracked > 0, toDateTime(0, 'UTC'), delivered_at), 1, toDecimal64(0, 4)),
        ('bounced', if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)),
        (concat('bounced_', toString(bounce_class)), if(bounced_at >= delivered_at, bounced_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)),
        ('opened', opened_at, 1, toDecimal64(0, 4)),
        ('opened_human', opened_human_at, 1, toDecimal64(0, 4)),
        ('clicked', clicked_at, 1, toDecimal64(0, 4)),
        ('clicked_human', clicked_human_at, 1, toDecimal64(0, 4)),
        ('complained', complained_at, 1, toDecimal64(0, 4)),
        ('unsubscribed', unsubscribed_at, 1, toDecimal64(0, 4)),
        ('unsubscribed_human', unsubscribed_human_at, 1, toDecimal64(0, 4)),
        (concat('unsubscribed_', toString(unsubscribe_method)), if(unsubscribe_method IN ('link', 'one_click', 'mailto'), unsubscribed_human_at, toDateTime(0, 'UTC')), 1, toDecimal64(0, 4)),
        ('replied', replied_at, 1, toDecimal64(0, 4)),
        ('forwarded', forwarded_at, 1, toDecimal64(0, 4)),
        ('shared', shared_at, 1, toDecimal64(0, 4)),
        ('converted', converted_at, 1, toDecimal64(0, 4))
    ]),
    arrayMap((k, n, a) -> (
        ['opens', 'opens_human', 'clicks', 'clicks_human', 'conversions', 'revenue'][k % 16],
        toDateTime(intDiv(k, 16) * 60, 'UTC'), n, a
    ), tally_keys, tally_counts, tally_amounts)
)
