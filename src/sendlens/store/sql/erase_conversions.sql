ALTER TABLE conversions UPDATE recipient_key = 0, order_id = ''
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
SETTINGS mutations_sync = 2
