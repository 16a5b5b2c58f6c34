-- What an engagement knows of its message, in one order for every statement.
recipient_key, sent_at, campaign_id, provider, recipient_domain, sending_domain, segment, template_id, variant, stream, channel, pool, bounce_class, bounce_reason
