-- The types of events that are kept as engagements: what recipients, or machines for them, did with a message.
'opened', 'clicked', 'unsubscribed', 'complained', 'replied', 'forwarded', 'shared'
