-- What the verdict from neighbours looks at (pipeline/happenings.py).
message_key, event_key, occurred_at, type, link_id, link_url, link_position, link_kind, user_agent, ip, actor, actor_reason, actor_confidence
