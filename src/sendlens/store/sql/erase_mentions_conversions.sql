ALTER TABLE conversions UPDATE order_id = ''
WHERE tenant = {tenant:String} AND match(order_id, {pattern:String})
SETTINGS mutations_sync = 2
