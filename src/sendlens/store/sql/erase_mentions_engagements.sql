ALTER TABLE engagements UPDATE
    link_url = if(match(link_url, {pattern:String}), '', link_url),
    link_id = if(match(link_id, {pattern:String}), '', link_id)
WHERE tenant = {tenant:String} AND (match(link_url, {pattern:String}) OR match(link_id, {pattern:String}))
SETTINGS mutations_sync = 2
