ALTER TABLE touchpoints UPDATE link_url = ''
WHERE tenant = {tenant:String} AND match(link_url, {pattern:String})
SETTINGS mutations_sync = 2
