-- Which of the additive totals one event counts for, in the order of their numbers (contributions_1.sql):
-- opens, opens_human, clicks, clicks_human, conversions, revenue.
-- A conversion counts if it names its campaign or message; which mail earned the others is for attribution to say.
[
    type = 'opened', type = 'opened' AND actor != 'machine',
    type = 'clicked' AND link_kind = '', type = 'clicked' AND link_kind = '' AND actor != 'machine',
    type = 'converted' AND (campaign_id != '' OR message_id != ''),
    type = 'converted' AND (campaign_id != '' OR message_id != '') AND revenue != 0
] AS tally_wanted
