-- Which of the additive totals one event counts for, in the order of their numbers (contributions_1.sql):
-- opens, opens_human, clicks, clicks_human, conversions, revenue.
[
    type = 'opened', type = 'opened' AND actor != 'machine',
    type = 'clicked' AND link_kind = '', type = 'clicked' AND link_kind = '' AND actor != 'machine',
    type = 'converted', type = 'converted' AND revenue != 0
] AS tally_wanted
