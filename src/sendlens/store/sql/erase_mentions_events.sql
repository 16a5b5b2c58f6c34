-- Other events of the tenant whose texts contain the address, whoever they are about.
ALTER TABLE events UPDATE
    recipient = if(match(recipient, {pattern:String}), '', recipient),
    message_id = if(match(message_id, {pattern:String}), '', message_id),
    subject = if(match(subject, {pattern:String}), '', subject),
    link_url = if(match(link_url, {pattern:String}), '', link_url),
    link_id = if(match(link_id, {pattern:String}), '', link_id),
    user_agent = if(match(user_agent, {pattern:String}), '', user_agent),
    smtp_reply = if(match(smtp_reply, {pattern:String}), '', smtp_reply),
    reason = if(match(reason, {pattern:String}), '', reason),
    native_type = if(match(native_type, {pattern:String}), '', native_type),
    order_id = if(match(order_id, {pattern:String}), '', order_id),
    raw = if(match(raw, {pattern:String}), '', raw),
    tags = arrayFilter(tag -> NOT match(tag, {pattern:String}), tags),
    metadata = mapFilter((name, text) -> NOT match(name, {pattern:String}) AND NOT match(text, {pattern:String}), metadata)
WHERE tenant = {tenant:String} AND (
    match(recipient, {pattern:String}) OR match(message_id, {pattern:String}) OR match(subject, {pattern:String}) OR match(link_url, {pattern:String}) OR match(link_id, {pattern:String}) OR match(user_agent, {pattern:String}) OR match(smtp_reply, {pattern:String}) OR match(reason, {pattern:String}) OR match(native_type, {pattern:String}) OR match(order_id, {pattern:String}) OR match(raw, {pattern:String})
    OR arrayExists(tag -> match(tag, {pattern:String}), tags)
    OR arrayExists(text -> match(text, {pattern:String}), mapKeys(metadata))
    OR arrayExists(text -> match(text, {pattern:String}), mapValues(metadata))
)
SETTINGS mutations_sync = 2
