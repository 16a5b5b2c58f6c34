-- Verdicts that corrections took back, as (event_key, actor). A verdict never returns to one it had before
-- (enrich/context.py), so what a pair took away stays away. To be narrowed by the statement that includes it.
SELECT event_key, actor FROM events WHERE correction = 1
