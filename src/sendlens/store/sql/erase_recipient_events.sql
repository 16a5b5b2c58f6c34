ALTER TABLE recipient_events DELETE
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
SETTINGS mutations_sync = 2
