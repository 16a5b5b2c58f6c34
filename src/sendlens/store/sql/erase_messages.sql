ALTER TABLE messages UPDATE recipient_key = 0
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
SETTINGS mutations_sync = 2
