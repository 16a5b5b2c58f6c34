ALTER TABLE engagements DELETE
WHERE tenant = {tenant:String} AND message_key IN ({include:expired_messages})
SETTINGS mutations_sync = 2
