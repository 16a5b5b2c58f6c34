-- The events of one person lose what tells who it was. What they count stays: type, times, verdicts, money, and the key of
-- the message, by which the state of the message and its events find each other.
ALTER TABLE events UPDATE
    recipient = '',
    recipient_key = 0,
    message_id = '',
    subject = '',
    ip = '',
    user_agent = '',
    link_url = cutQueryStringAndFragment(link_url),
    smtp_reply = '',
    order_id = '',
    metadata = CAST(map(), 'Map(LowCardinality(String), String)'),
    raw = ''
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
SETTINGS mutations_sync = 2
