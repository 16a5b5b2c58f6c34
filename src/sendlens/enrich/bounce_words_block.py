"""Words of servers that refuse the sender or the message: trust, proof, pace, content, policy.

Owns wordings alone; `bounce_rules` says in which order they are tried, `bounce_reasons` how a rule is read.
"""

from __future__ import annotations

from typing import Final

from sendlens.enrich.bounce_reasons import Rule

# Lists kept by others. They are named in the text of the refusal by whoever uses them.
LISTS: Final = (
    Rule(
        "block_list",
        "reputation",
        95,
        """
        spamhaus; spamcop; sorbs; barracudacentral; uceprotect; invaluement; senderscore; mailspike; abuseat; surbl;
        uribl; dnsbl; rbl_; rbl.; rblsmtpd; spamrats; cloudmark sender intelligence; csi.cloudmark; senderbase;
        ipcheck.proofpoint; proofpoint dynamic reputation; talosintelligence; backscatterer; nixspam;
        truncate.gbudb; block list; blocklist; blacklist; black list; block-list; denylist; listed at; is listed;
        was listed; currently listed; listed by; black hole; blackhole; (rbl); psky.me; many unknown users;
        too many unknown; spam database
        """,
    ),
)

# Who sends is unproven. Before reputation and content, because such refusals mention spam as well.
AUTHENTICATION: Final = (
    Rule("dmarc", "authentication", 96, "dmarc"),
    Rule("spf", "authentication", 95, "spf_; spf:; spf); spf=; sender policy framework; openspf; spf-"),
    Rule("dkim", "authentication", 95, "dkim; domainkeys"),
    Rule(
        "unauthenticated",
        "authentication",
        93,
        """
        unauthenticated email; unauthenticated mail; unauthenticated sender; not authenticated;
        email is unauthenticated; message is unauthenticated; lacks authentication; authentication checks;
        authentication requirements; sender authentication; sender id verification; authentication required;
        fails authentication; failed authentication; authentication results; 5.7.515
        """,
    ),
    Rule(
        "reverse_dns",
        "authentication",
        92,
        """
        reverse dns; ptr record; rdns; _ptr_; reverse lookup; reverse hostname; reverse address;
        cannot find your hostname; cannot find your reverse; helo command rejected; ehlo command rejected;
        invalid helo; bad helo; helo name; client host rejected: cannot find; fcrdns; no reverse; reverse-dns;
        generic reverse
        """,
    ),
    Rule(
        "sender_domain",
        "authentication",
        90,
        """
        sender address rejected: domain not found; sender address rejected: domain of sender;
        domain of sender address * does not; sender domain must; sender domain * not;
        domain of sender does not resolve; sender domain does not; unresolvable sender; sender verify failed;
        sender verification failed; could not verify sender; unable to verify sender; sender address verification;
        sender callout; envelope from * does not; from address * does not match; mail from * domain does not exist;
        sender * does not exist; invalid sender domain; sender's domain; batv; anti-spoofing; antispoof; spoofed;
        forged; impersonat; bounces are not accepted; from: domain is; mismatch; address is not verified
        """,
    ),
    Rule(
        "tls_needed",
        "authentication",
        85,
        """
        must issue a starttls; starttls required; tls required; tls is required; encryption required; requires tls;
        tls handshake; certificate verify; tls negotiation; server certificate; not sent over a tls; tls connection;
        certificate not trusted; certificate of the server; smtp authentication; must log in; please log in
        """,
    ),
)

# Written by the sender's provider, which did not try; asked of dropped messages only, because a receiver may use the
# same words.
SENDING: Final = (
    Rule(
        "sending_trouble",
        "sending",
        85,
        """
        rendering failure; template * missing; substitution; attribute * not present in the rendering;
        invalid smtpapi header; not enough remaining emails; daily sending limit; sending limit; sending quota;
        account has reached; account is suspended; account suspended by the provider; free plan; credits;
        monthly quota of your plan
        """,
    ),
)

SUPPRESSION: Final = (
    Rule(
        "suppression_list",
        "suppressed",
        95,
        """
        suppression list; suppression-list; suppressed; previously bounced; previously unsubscribed;
        bounced address; unsubscribed address; unsubscribed user; spam reporting address; previously complained;
        in blocklist of the account; recipient is blocked in the account; on your suppression;
        address is suppressed; marked as inactive by; inactive recipient; hard bounce * previously;
        due to unsubscribed; was previously marked; do not contact; global suppression
        """,
    ),
)

CHOICE: Final = (
    Rule(
        "recipient_choice",
        "policy",
        88,
        """
        not accepting mail from; not accepting messages from; not accept mail from; blocked the sender;
        customer rule; blocked envelope; envelope blocked; chosen not to receive; refuse to receive;
        refuses to receive; recipient preferences; user rules; user reject; user's filter; only allow mail from;
        listed addresses; deny list; list of blocked senders; blocked senders; specific email addresses;
        account is protected by; blocked by the recipient; blocked by user; permission to send to this recipient;
        permission to post; not subscribed; has blocked you; recipient has blocked; refused by recipient;
        rejected by recipient; rejected by the recipient; administrative prohibition; only accepts mail from;
        only accepts messages from
        """,
    ),
)

# The sender pressed too hard, or is told to come again.
PACE: Final = (
    Rule(
        "recipient_rate",
        "rate_limited",
        90,
        """
        receiving mail * too quickly; receiving mail at a rate; too much mail
        """,
    ),
    Rule(
        "greylisted",
        "greylisted",
        96,
        """
        greylist; graylist; grey list; gray list; grey-list; gray-list; greylisting; postgrey; first time sender;
        come back later; please retry later; try again in * seconds; try again in * minutes; retry in * seconds;
        please try again later, greylist; temporarily deferred retry; deferred for policy reasons * retry;
        not yet authorized to deliver; delayed to verify
        """,
    ),
    Rule(
        "rate",
        "rate_limited",
        92,
        """
        rate limit; ratelimit; rate-limit; rate limited; limit exceeded; exceeded the rate; exceeded rate;
        exceeds the rate; sending rate; message rate; mail rate; rate exceeded; too many messages;
        too many connections; too many concurrent; too many sessions; too many recipients; too many mails;
        too many emails; too many mail from; too many requests; too many simultaneous; too many rcpt;
        too many errors; too fast; too frequent; unusual rate; unexpected volume; unusually high; high volume;
        connection limit; connections limit; throttl; max connections; maximum * connections;
        concurrent connections; maximum number of messages; mail flood; flood; hourly limit; limit on the number;
        limits for how many; messages per; connections per; excessive; max defers and failures; thread limit;
        worker connections; too many invalid; too much fail; too many * attempts; too many failed;
        number of recipients exceeds; has exceeded * max emails; slow down; temporarily rate
        """,
    ),
    Rule("rate_code", "rate_limited", 90, codes="x.7.28 x.4.5 4.7.650 5.2.121 x.5.3"),
)

SIZE: Final = (
    Rule(
        "too_large",
        "too_large",
        96,
        """
        message too large; message too big; message is larger than; larger than the current; databytes limit;
        message is bigger than; bigger than the; would exceed * message; too big to be; message is too large;
        message size exceeds; size exceed; exceeds size; exceeds maximum * size; exceeds * message size;
        exceeded * message size; exceeds fixed limit; maximum message size; maximum inbound message size;
        message file too big; message exceeds; message length exceeds; size limit; max message size; too long for;
        mail too large; mail size; message size; size of the message; message length
        """,
    ),
    Rule("too_large_code", "too_large", 90, codes="x.2.3 x.3.4"),
)

CONTENT: Final = (
    Rule(
        "virus",
        "content",
        95,
        """
        a virus; _virus_; or virus; virus found; clamav; signature detected; virus detected; contains virus;
        virus infected; virus in; virus (; malware; infected; trojan; malicious; phish; ransom
        """,
    ),
    Rule(
        "attachment",
        "content",
        93,
        """
        attachment type; attachment * not; attachment * block; attachment * prohibit; blocked attachment;
        prohibited attachment; attachments of; file type; banned file; banned name; executable;
        prohibited extension; file extension; file of a type; blocked file
        """,
    ),
    Rule(
        "spam",
        "content",
        90,
        """
        as spam; is spam; spam message; spam content; spam detected; spam-detected; spam score; spam filter;
        spamfilter; considered spam; suspected spam; appears to be spam; looks like spam; like spam; likely spam;
        probable spam; identified as spam; classified as; unsolicited; bulk mail; bulk email; spam rejected;
        rejected as spam; dt:spm; antispam; anti-spam; message content; content rejected; content filter;
        content policy; content restriction; content is not acceptable; message content rejected;
        objectionable content; high probability of spam; spamassassin; spam-like; junk mail; suspicious url;
        blocked url; url in * message; suspicious content; message looks; spam/; spam (; spam or; contains spam;
        suspicion of spam; spam scale; spam url; spam in; spam probability; spammy; because of its content;
        because of the words; in the subject; quarantined; message content was; body contains; body part;
        inappropriate content; unwanted content; spam.; cloudmark; bayes; fingerprint; mlspm; spam_in_
        """,
    ),
    Rule(
        "malformed",
        "content",
        85,
        """
        rfc 5322; rfc 2822; rfc5322; rfc2822; rfc 822; missing header; from header; from: header; multiple from;
        message-id header; missing required header; duplicate header; bare lf; bare newline; line too long;
        malformed; non-rfc; not rfc; messages missing a valid address; header is missing; messages missing;
        mime error; resent-from; bare linefeed; lone cr; eight bit data; headers too large; header size;
        conversion * not supported; 8bitmime; media error; missing a valid messageid
        """,
    ),
    Rule("content_code", "content", 75, codes="x.6.*"),
)

RELAY: Final = (
    Rule(
        "relay_denied",
        "relay",
        94,
        """
        relay denied; relaying denied; relay access denied; relay not permitted; relaying not permitted;
        relay prohibited; relaying prohibited; unable to relay; cannot relay; not relay; relay rejected;
        relaying not allowed; relay not allowed; not allowed to relay; no relay; relay is not; relaying is;
        isn't in my list of allowed rcpthosts; not in my list of allowed rcpthosts; rcpthosts; not a local domain;
        not gateway; we do not relay; won't relay; we don't handle mail for; not handle mail for; tenantattribution;
        domain isn't allowed; domain not hosted; not hosted here; not a mail exchanger; relaying mail;
        attempted to relay; for relaying; credentials for relay; as a relay; insecure mail relay; open relay;
        not local host; send to a non-local; requires authentication when; ip you are trying to relay
        """,
    ),
    Rule("relay_code", "relay", 90, codes="5.7.64 5.7.54 5.4.103"),
)

REPUTATION: Final = (
    Rule(
        "distrusted",
        "reputation",
        92,
        """
        reputation; poor reputation; bad reputation; low reputation; user complaints; complaints; complaint rate;
        banned; temporarily blocked; has been blocked; is blocked; are blocked; blocked by; blocked because;
        blocked due; blocked for; ip blocked; blocked ip; blocked using; address blocked; host blocked; blocked -;
        blocked:; currently blocked; ip address * blocked; sender blocked; domain * blocked; connection blocked;
        your ip; your network; ip address * rejected; ip address * denied; ip address * not allowed;
        client host rejected; client host * blocked; dynamic ip; dynamic address; residential;
        not allowed to send mail from; bad sender; spammer; spam source; source of spam; known spam; spam host;
        spamming; sent spam; too much spam; spam from; spam activity; abuse; suspicious activity; suspicious; trust;
        unblock; delist; remediation; sender score; ip lookup; connection refused * policy; connection denied;
        connections from this host are not accepted; service refused; not accepting mail from;
        not accepting connections from; refused to talk; refused your connection; refuse mail from;
        no mail accepted from; we do not accept mail from; mail from your; unacceptable mail; is not welcome;
        bounce rate; low score; rejected by * filter on ip; weren't sent; our access list; spammers;
        poor * reputation; found to send; sending mta; abus detecte
        """,
    ),
    Rule("retry_code", "greylisted", 70, "try again; retry; later; temporar", codes="4.7.1 4.2.0"),
    Rule("blocked_code", "reputation", 85, codes="5.7.511 5.7.6* 4.7.651 4.7.652 4.7.500 5.7.513 5.7.514"),
)

POLICY: Final = (
    Rule(
        "policy",
        "policy",
        88,
        """
        policy; not permitted; not authorized; not authorised; unauthorized; administrative prohibition;
        administratively; prohibited; access denied; access restricted; permission denied; permission; not allowed;
        refused by; security; forbidden; restricted; moderator; moderated; members-only; members only; member of;
        non-member; subscribers only; only accepts; sender rejected; sender address rejected; sender denied;
        sender is not; not accepting mail from; blocked the sender; rejected by recipient; recipient has blocked;
        refused by recipient; user refused; does not want; doesn't want; not accept mail from;
        not accepting messages from; whitelist; white list; allow list; challenge; confirm that you;
        rejected by user; rule imposed; rules imposed; custom rule; mail rejected by; local rule; cs01; user filter;
        mail filter; sieve; unacceptable; not acceptable; message filtered; refused by the filter
        """,
    ),
)
