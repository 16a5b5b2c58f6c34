-- What an engagement knows of itself, in one order for every statement.
actor, device, client, os, country, link_url, link_id, link_kind, unsubscribe_method
