-- After an unclean stop: the states of the messages that a batch corrects, as correct_messages.sql makes them. They do not
-- depend on what was kept before, so that it may run again.
INSERT INTO messages (tenant, born, message_key, version, {include:message_columns})
SELECT tenant, born, message_key, {batch:UInt64} AS version, {include:message_columns}
FROM ({include:corrected_state})
