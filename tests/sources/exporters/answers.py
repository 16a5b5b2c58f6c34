"""What exporters answer, written after the formats that they document."""

KUMOMTA = """\
# HELP connection_count The number of active outgoing connections in the system,
# TYPE connection_count gauge
connection_count{service="esmtp_listener"} 2
connection_count{service="smtp_client:source1->mx.example.com"} 7
# HELP queued_count_by_provider number of messages in the scheduled and ready queue.
# TYPE queued_count_by_provider gauge
queued_count_by_provider{provider="gmail"} 1840
queued_count_by_provider{provider="(ourlook|hotmail).mail.protection.outlook.com"} 61
# TYPE scheduled_count gauge
scheduled_count{queue="spring:acme@example.com"} 12
scheduled_count{queue="example.org"} 3
# TYPE scheduled_by_domain gauge
scheduled_by_domain{domain="example.com"} 12
# TYPE ready_count gauge
ready_count{service="smtp_client:source1->loopback.dummy-mx.example.com"} 4
# TYPE lua_count gauge
lua_count 1
# TYPE memory_usage gauge
memory_usage 185647104
# TYPE message_count gauge
message_count 19
"""

POSTFIX = """\
# HELP postfix_showq_message_age_seconds Age of messages in Postfix's message queue, in seconds
# TYPE postfix_showq_message_age_seconds histogram
postfix_showq_message_age_seconds_bucket{queue="deferred",le="10"} 0
postfix_showq_message_age_seconds_bucket{queue="deferred",le="+Inf"} 41
postfix_showq_message_age_seconds_sum{queue="deferred"} 81000
postfix_showq_message_age_seconds_count{queue="deferred"} 41
# HELP postfix_showq_message_size_bytes Size of messages in Postfix's message queue, in bytes
# TYPE postfix_showq_message_size_bytes histogram
postfix_showq_message_size_bytes_bucket{queue="deferred",le="1000"} 1
postfix_showq_message_size_bytes_bucket{queue="deferred",le="+Inf"} 41
postfix_showq_message_size_bytes_sum{queue="deferred"} 765432
postfix_showq_message_size_bytes_count{queue="deferred"} 41
postfix_showq_message_size_bytes_sum{queue="active"} 0
postfix_showq_message_size_bytes_count{queue="active"} 0
# HELP postfix_up Whether scraping Postfix's metrics was successful.
# TYPE postfix_up gauge
postfix_up{path="/var/spool/postfix/public/showq"} 1
"""

POSTFIX_NEWER = (
    POSTFIX
    + """\
# HELP postfix_showq_queue_depth Number of messages in Postfix's message queue
# TYPE postfix_showq_queue_depth gauge
postfix_showq_queue_depth{queue="active"} 1
postfix_showq_queue_depth{queue="deferred"} 42
"""
)

EXIM = """\
# HELP exim_messages_total Total number of logged messages broken down by flag (delivered, deferred, etc)
# TYPE exim_messages_total counter
exim_messages_total{flag="arrived"} 28
# HELP exim_processes Number of running exim process broken down by state (delivering, handling, etc)
# TYPE exim_processes gauge
exim_processes{state="daemon"} 1
exim_processes{state="delivering"} 2
# HELP exim_queue Number of messages currently in queue
# TYPE exim_queue gauge
exim_queue 126
# HELP exim_queue_frozen Number of messages currently frozen in queue
# TYPE exim_queue_frozen gauge
exim_queue_frozen 3
# HELP exim_up Whether or not the main exim daemon is running
# TYPE exim_up gauge
exim_up 1
"""

RSPAMD = """\
# HELP rspamd_scanned_total Scanned messages.
# TYPE rspamd_scanned_total counter
rspamd_scanned_total 5978
# HELP rspamd_actions_total Actions labelled by action type.
# TYPE rspamd_actions_total counter
rspamd_actions_total{type="reject"} 7
rspamd_actions_total{type="no action"} 5971
"""

TELEGRAF = """\
# HELP postfix_queue_length Telegraf collected metric
# TYPE postfix_queue_length untyped
postfix_queue_length{host="relay",queue="deferred"} 400
# TYPE postfix_queue_age untyped
postfix_queue_age{host="relay",queue="deferred"} 3600
# TYPE postfix_queue_size untyped
postfix_queue_size{host="relay",queue="deferred"} 7.6543210e+07
"""
