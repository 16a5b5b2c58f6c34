ALTER TABLE engagements UPDATE recipient_key = 0, link_url = cutQueryStringAndFragment(link_url)
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
SETTINGS mutations_sync = 2
