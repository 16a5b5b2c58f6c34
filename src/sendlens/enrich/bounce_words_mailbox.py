"""Words of servers about the recipient's mailbox, its domain, and the way to it.

Owns wordings alone; `bounce_rules` says in which order they are tried, `bounce_reasons` how a rule is read.
"""

from __future__ import annotations

from typing import Final

from sendlens.enrich.bounce_reasons import Rule

FULL: Final = (
    Rule(
        "mailbox_full",
        "mailbox_full",
        97,
        """
        mailbox full; mailbox is full; mailbox * is full; mailbox * full; mailbox too large; mail box full;
        mailfolder is full; mail folder is full; inbox is full; inbox full; out of storage; over quota; overquota;
        over-quota; over the quota; over its quota; over their quota; quota exceeded; exceeded * quota;
        exceed * quota; exceeds * quota; exceeding * quota; quota violation; quota full; quota limit; disk quota;
        storage quota; quota reached; quota is exceeded; reached * disk quota; exceeded storage allocation;
        exceeded its storage; storage limit; storage space; insufficient disk space; not enough storage * mailbox;
        not enough space; mailbox size limit; mailbox has exceeded; mailbox exceeds; mailbox quota;
        user has exhausted allowed storage; has too much mail; too many messages * mailbox; no room in mailbox;
        has too many messages;
        user's mailbox is full; maildir over quota; maildirquota; full mailbox; limit of the space; account is full;
        reached the limit of * space; mailbox * exceeded its; mail box quota; quota was used up; userdisk quota;
        domaindisk quota; disc quota; quota usage; too much mail; too much data; lack of storage;
        not enough disk space; no space left; does not have enough space; mail file size exceeds;
        maximum allowed storage; full inbox; over disk quota; over the allowed quota; temporarily over quota;
        exceeding receiving limits; used up all of; exceeding their quota; mailbox would exceed;
        mailbox * limit exceeded
        """,
    ),
    Rule("storage_code", "mailbox_full", 90, codes="x.2.2"),
)

INACTIVE: Final = (
    Rule(
        "mailbox_disabled",
        "mailbox_inactive",
        93,
        """
        account * disabled; account is disabled; account has been disabled; mailbox disabled; mailbox is disabled;
        mailbox * disabled; user disabled; user is disabled; recipient disabled; disabled user; disabled recipient;
        disabled or discontinued; account inactive; account is inactive; inactive account; account * inactive;
        mailbox inactive; mailbox is inactive; mailbox * inactive; inactive user; inactive mailbox;
        user is inactive; user * inactive; recipient is inactive; account has been suspended; account is suspended;
        user suspended; account * suspended; user * suspended; mailbox suspended; account is locked; account locked;
        account * locked; mailbox is frozen; mailbox frozen; account * closed; account closed;
        account has been closed; account deactivated; has been deactivated; account * deactivated; account expired;
        account has expired; mailbox expired; account terminated; account * terminated; account deleted;
        account has been deleted; no longer active; not active; no longer in use; no longer available;
        no longer accepts; no longer accepting; no longer employed; no longer works; no longer with;
        no longer valid; no longer on server; is no longer; has left the company; account blocked; user has moved;
        has changed * address; mailbox has moved; not accepting any mail; account not active;
        blocked for inactivity; due to inactivity; extended inactivity; dormant; not in use; currently unused;
        due to suspension; been retired; is retired; not accept mail any more; no longer in service;
        left the company; deactivated mailbox; archived recipient; user is dead; user is terminated;
        domain is disabled; domain * suspended; domain is currently suspended; suspend the service;
        no longer works here; has been replaced by; mail receiving disabled;
        not currently being accepted for this mailbox; mailbox is retired; user account inactive; not been used;
        account temporarily disabled; mailbox has been closed
        """,
    ),
    Rule("disabled_code", "mailbox_inactive", 82, codes="5.2.1"),
    Rule("moved_code", "mailbox_inactive", 85, codes="5.1.6"),
)

# Not every one of these is about the recipient: "sender", "relay" and "helo" variants stand earlier.
UNKNOWN_MAILBOX: Final = (
    Rule(
        "mailbox_unknown",
        "mailbox_unknown",
        96,
        """
        user unknown; unknown user; user * unknown; unknown * user; recipient unknown; unknown recipient;
        recipient * unknown; unknown mailbox; mailbox unknown; unknown address; address unknown; addressee unknown;
        unknown email; unknown local; unknown account; unknown or illegal; illegal user; not in our records;
        account is not defined; not defined here; no longer listed; illegal local; illegal alias; no such user;
        no such recipient; no such mailbox; no such address; no such account; no such person; no such email;
        no such local user; no such name; no mailbox; no user by that name; no recipient; no account;
        no valid recipient; no one by that name; not a valid mailbox; not a valid user; not a valid recipient;
        not a valid address; not a known user; not a local user; not our customer; not a registered; user not found;
        user not known; user * not found; recipient not found; recipient * not found; mailbox not found;
        mailbox * not found; address not found; address * not found; account not found;
        email address could not be found; address couldn't be found; email address * not found; does not exist;
        doesn't exist; doesn't have a * account; does not have a * account; do not exist; doesn't have an account;
        doesn't have a mailbox; does not have a mailbox; not have a final email delivery point; not exist;
        nonexistent; non-existent; non existent; invalid recipient; invalid address; address is not valid;
        invalid email; invalid mailbox; invalid user; invalid final delivery userid; recipient * invalid;
        mailbox * invalid; invalid account; user invalid; recipient address rejected: user;
        recipient address rejected: undeliverable; recipient address rejected: no such; undeliverable address;
        unrouteable address; unroutable address; unrouteable mail; recipient rejected; bad destination mailbox;
        bad mailbox; bad recipient; mailbox unavailable or not local; not listed in * directory; not in directory;
        not in * directory; directory * not found; no matches to nameserver; name is not recognized;
        recipient not recognized; address not recognized; user not recognized; does not like recipient;
        recipient verification failed; recipient verify; verify recipient failed; virtual alias table;
        virtual mailbox table; local recipient table; relay recipient table; address is wrong; wrong address;
        email address is not; check the spelling; double-checking the recipient; unable to find recipient;
        cannot find recipient; dosn't exist; not have an account; has no mailbox; undefined user;
        invalid mailbox. local mailbox; bad_mailbox; address you entered couldn't be found;
        address * couldn't be found; address * could not be found; not listed in; user not unique;
        not on this system; isn't a person; is not a person; account unavailable; account not available;
        recipient address rejected: access; no mail box; not present in directory;
        destination addresses were unknown; rejected recipients; is not exist; not valid recipient;
        mailbox not present; badrcptto; envelope recipient has been denied; validrcptto; badrecipientto;
        no one at this address; missing home directory; wrong or no longer valid; unknown e-mail; can't accept user;
        is not known; not exactly match; problem with recipient; recipient is not local; is unknown at this;
        user lookup failed; no valid recipients; not an active address; not one of ours; not a deliverable;
        name not found; address rejected by; not a current; nosuchuser; no such id; rejected: unknown;
        unknown alias; recipient does not
        """,
    ),
)

UNKNOWN_DOMAIN: Final = (
    Rule(
        "null_mx",
        "domain_unknown",
        96,
        """
        null mx; nullmx; does not accept mail (nullmx); domain does not accept; domain * accepts no mail;
        no smtp service; host does not accept mail
        """,
    ),
    Rule(
        "dns_for_now",
        "connection",
        88,
        """
        host not found, try again; temporary dns; malformed or unexpected name server; code servfail;
        lookup did not complete; dns timeout; dns server failure; servfail; name server timeout; dns query failed;
        domain lookup failed temporarily; dns temporary; temporarily unable to resolve;
        name service error * try again
        """,
    ),
    Rule(
        "domain_unknown",
        "domain_unknown",
        95,
        """
        host unknown; unknown host; host name is unknown; name is unknown; host not found; host * not found;
        domain not found; domain * not found; domain does not exist; domain * does not exist; domain doesn't exist;
        domain * doesn't exist; domain not exist; nonexistent domain; non-existent domain; domain name not found;
        unknown domain; domain unknown; invalid domain; domain is invalid; domain * invalid; bad domain; bad_domain;
        no mx record; no mx or a; no mx; mx not found; no a record; nxdomain; no such domain; no such host;
        illegal host; illegal domain; name or service not known; couldn't find any host; couldn't find any * host;
        no valid hosts; no mail server; no mail hosts for domain; name service error; no dns entry;
        domain has expired; unroutable domain; unrouteable domain; unrouteable mail domain;
        all relevant mx records point to non-existent; all host address lookups failed permanently;
        could not find a gateway; mail domain * not found; domain * no longer; no relevant answers; code nxdomain;
        destination system * could not be found; domain name * could not be resolved; domain must exist;
        domain is not reachable; mail exchanger or ip address; unable to resolve route;
        unable to resolve the domain; cannot resolve; could not resolve; dns records for the destination;
        unknown domain name; no host found; illegal host/domain name; domain may not exist
        """,
    ),
    Rule("domain_code", "domain_unknown", 88, codes="5.1.2 5.4.4 5.4.310"),
)

NETWORK: Final = (
    Rule(
        "expired",
        "timeout",
        94,
        """
        timed out; timeout; time out; time-out; delivery time expired; message expired; maximum-time-expired;
        expired; queue too long; in the queue too long; been in the queue; too long in queue; retry timeout;
        retry time; retry period; queue period; queue time; giving up after; gave up after;
        delivery failed * attempts; could not be delivered for; not delivered within; undeliverable for;
        no response; no answer; not answering; did not respond; failed to respond; not responding;
        unable to deliver * within; aborted after; retries exhausted; attempts exhausted; max retries;
        time limit specified; not been collected; retry time not reached; tried for * days;
        undeliverable for the last; within the allowed queue period; not reachable within; allowed queue period
        """,
    ),
    Rule("expired_code", "timeout", 90, codes="x.4.7 5.4.300"),
    Rule(
        "loop",
        "routing",
        93,
        """
        too many hops; mail loop; mail loops; loops back; routing loop; loop detected; hop count; hops exceeded;
        delivered-to header; forwarding loop; maximum hop; in circles; message loop
        """,
    ),
    Rule("loop_code", "routing", 88, codes="x.4.6 5.4.14"),
    Rule(
        "unreachable",
        "connection",
        93,
        """
        connection refused; connection reset; connection closed; connection lost; lost connection;
        connection dropped; connection died; connection failed; connection error; connection aborted;
        connection interrupted; connection was; could not connect; couldn't connect; cannot connect;
        failed to connect; unable to connect; can't connect; not reachable; unreachable; no route to host;
        broken pipe; wasn't able to establish an smtp connection; unable to establish; network error;
        network problem; network is; bad connection; closing connection; closed connection;
        closing transmission channel; remote host closed; socket error; all hosts * failing; server unavailable;
        server is down; host is down; host down; mx host; no mx hosts; delivery temporarily suspended; tcp;
        connection to mail exchanger failed; smtp connect failed; connection attempt; eof; unable to contact;
        unable to transfer
        """,
    ),
    Rule("connection_code", "connection", 85, codes="x.4.1 x.4.2 x.4.3 x.4.316 x.4.312 x.4.317 x.4.0"),
    Rule(
        "server_trouble",
        "server",
        85,
        """
        temporary failure; temporary error; temporary problem; temporary system; temporarily unavailable;
        temporary local; temporary server; temporarily deferred; temporarily rejected; temporary rejection;
        temporarily; internal error; internal server error; local error; error in processing; local problem;
        insufficient system storage; insufficient system resources; insufficient resources; system resources;
        server busy; server is busy; too busy; system load; overloaded; high load; load average; not available;
        service unavailable; service not available; server error; service currently; currently unavailable;
        out of memory; configuration error; misconfigur; server configuration; queue file write error;
        mail server * error; system not accepting; system shutdown; shutting down; maintenance; disk full;
        system full; resources temporarily; database; ldap; unable to read; unable to lock; please try again;
        try again later; try later; retry later; please retry; mailbox busy; mailbox is busy; mailbox locked;
        mailbox is locked; cannot append; can't create; unable to open mailbox; command died; command failed;
        child status; user unavailable; backend; temporary lookup failure; local delivery failed; mailer error;
        transport error; lmtp; procmail; exit status; command line usage; server unavailable or busy;
        unavailable or busy; unable to process; interrupted system call; local configuration error; config error;
        failed to process; domino server not responding
        """,
    ),
)

ADDRESS: Final = (
    Rule(
        "invalid_address",
        "invalid",
        92,
        """
        bad address syntax; address syntax; syntax error in address; syntax error in recipient; malformed address;
        bad recipient address syntax; not a valid email; illegal address; bad destination mailbox address syntax;
        domain missing; missing domain; mailbox name not allowed; address format; unqualified address;
        not rfc compliant address; user address required; valid rfc 5321; valid rfc 5322 address
        """,
    ),
)

AUTOMATIC: Final = (
    Rule(
        "auto_reply",
        "auto_reply",
        85,
        """
        out of office; out of the office; auto-reply; autoreply; auto reply; automatic reply; auto response;
        vacation; on holiday; annual leave; thank you for contacting; thanks for contacting;
        thank you for your e-mail; thank you for your email; thank you for your message;
        received your message and will
        """,
    ),
)
