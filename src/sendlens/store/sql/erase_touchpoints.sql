ALTER TABLE touchpoints DELETE
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
SETTINGS mutations_sync = 2
