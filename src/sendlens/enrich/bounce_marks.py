"""Marks that large receivers put into their refusals, so that machines can tell them apart.

Owns codes and fixed names of single receivers; they are read before any words, because what stands beside them is prose
that changes. Words that many servers use stand in `bounce_words_mailbox`, `bounce_words_block` and
`bounce_words_abroad`.
"""

from __future__ import annotations

from typing import Final

from sendlens.enrich.bounce_reasons import Rule

GOOGLE: Final = (
    Rule("google_no_such_user", "mailbox_unknown", 99, "p=nosuchuser"),
    Rule("google_disabled", "mailbox_inactive", 98, "p=disableduser; p=inactiveuser"),
    Rule("google_quota", "mailbox_full", 99, "p=overquota"),
    Rule("google_authentication", "authentication", 97, "p=unauthenticated; p=unauthorized; p=dmarc; #81126"),
    Rule("google_rate", "rate_limited", 96, "p=receivingrate; p=receivingratelimit; p=ratelimit"),
    Rule("google_unsolicited_rate", "rate_limited", 93, "p=unsolicitedratelimiterror"),
    Rule("google_unsolicited", "reputation", 93, "p=unsolicitediperror; p=notauthorizederror"),
    Rule(
        "sending_quota",
        "rate_limited",
        92,
        """
        daily user sending; daily sending quota; sending limits; message quota
        """,
    ),
    Rule("google_spam", "content", 92, "p=unsolicitedmessageerror; p=blockedmessage; p=rejectedmessage"),
    Rule("google_group", "policy", 88, "group you tried to contact"),
)

YAHOO_AND_AOL: Final = (
    Rule("yahoo_greylist", "rate_limited", 88, "[ts01]; [ts02]; [ts03]; [tss04]; [tss05]; [gl01]"),
    Rule("yahoo_blocked", "reputation", 92, "[tss09]; [tss11]; [bl21]; [bl22]; [bl23]; [ph01]"),
    Rule("aol_rate", "rate_limited", 90, "(dyn:; (rly:nw; (rtr:rl; (rtr:ge"),
    Rule("aol_blocked", "reputation", 90, "(rly:; (rtr:"),
    Rule("aol_content", "content", 90, "(con:; (hvu:; (svu:"),
)

MICROSOFT: Final = (
    Rule("microsoft_access_denied", "mailbox_unknown", 88, "access denied", codes="5.4.1"),
    Rule(
        "microsoft_listed",
        "reputation",
        95,
        """
        (s3140); (s3150); (s3114); s3140; s3150; sender.office.com; delist.messaging; ou-001; ou-002; sc-001;
        sc-002; sc-003; sc-004; dy-001; dy-002; bad outbound sender
        """,
    ),
    Rule("microsoft_listed_code", "reputation", 90, codes="5.7.511 5.7.60* 5.7.61* 5.7.70* 5.7.750"),
    Rule("microsoft_rate", "rate_limited", 92, "(s775); (s844); s77714; s77719; rp-001; rp-002; rp-003; as77712"),
    Rule(
        "microsoft_no_recipient",
        "mailbox_unknown",
        97,
        """
        resolver.adr.recipientnotfound; resolver.adr.recipnotfound; resolver.adr.exrecipnotfound;
        resolver.adr.recipient notfound
        """,
    ),
    Rule("microsoft_full", "mailbox_full", 97, "storedrv.deliver*quota; quotaexceededexception; mailboxfull"),
    Rule("microsoft_disabled", "mailbox_inactive", 95, "mailboxdisabledexception; accountdisabled"),
    Rule("microsoft_too_large", "too_large", 95, "resolver.rst.recipsizelimit; resolver.rst.sendsizelimit"),
    Rule("microsoft_restricted", "policy", 92, "resolver.rst; recipientrestricted; transport.rules.reject"),
    Rule("microsoft_loop", "routing", 94, "hop count exceeded; looping; resolver.fwd.loop"),
    Rule("microsoft_expired", "timeout", 92, "queue.expired"),
    Rule("microsoft_no_domain", "domain_unknown", 93, "dns.nonexistentdomain; infodomainnonexistent"),
    # Exchange 5.5 and 2000 write the number of the MAPI error behind the name of the site.
    Rule("exchange_no_recipient", "mailbox_unknown", 93, "(000c05a6); (000b09b6); (000b09aa)"),
)

EUROPE: Final = (
    Rule("orange_no_such_user", "mailbox_unknown", 96, "ofr204_416; ofr_416; ofr204_418; [416]"),
    Rule("orange_rate", "rate_limited", 92, "ofr004_; ofr005_; ofr_108; ofr_109; ofr_999"),
    Rule("orange_blocked", "reputation", 90, "ofr006_; ofr007_; ofr_102"),
    Rule("orange_spam", "content", 92, "ofr_506"),
    Rule("laposte_rate", "rate_limited", 90, "lpn104_; lpn105_; lpn106_"),
    Rule("laposte_blocked", "reputation", 88, "lpn007_; lpn_102; lpn206_"),
    Rule("telekom_blocked", "reputation", 90, "contact tosa; tosa (; ask your postmaster for help"),
    Rule("vade_blocked", "reputation", 88, "gu_eib_0; eib_0"),
    Rule(
        "mailru_disabled", "mailbox_inactive", 95, "is unavailable: account is disabled; is unavailable: user is termin"
    ),
    Rule("yandex_blocked_mailbox", "mailbox_inactive", 88, "policy rejection on the target address"),
)

ASIA: Final = (
    Rule("qq_rate", "rate_limited", 92, "frequency limited; frequency limit"),
    Rule("qq_content", "content", 90, "mail content denied"),
    Rule("qq_refused", "policy", 86, "rejected by recipients"),
    Rule(
        "netease_rate",
        "rate_limited",
        92,
        "hl:ifc; hl:iff; hl:itc; hl:rep; mi:cel; mi:dma; mi:fre; mi:stc; mi:nhd; rp:cel",
    ),
    Rule("netease_blocked", "reputation", 90, "mi:spb; rp:trc; mi:sfq; rp:qrc"),
)

AMERICA: Final = (
    Rule("comcast_rate", "rate_limited", 93, "rl00000; rl00001; rl00010"),
    Rule("comcast_blocked", "reputation", 93, "bl00000; bl00001; comcast block for"),
    Rule("charter_rate", "rate_limited", 90, "aup#cnct; aup#rcpt"),
    Rule("charter_blocked", "reputation", 90, "aup#"),
    Rule("cox_blocked", "reputation", 90, "ipbl0; ipbl1"),
)

GATEWAYS: Final = (
    Rule("barracuda_blocked", "policy", 80, ":blocked)"),
    Rule("barracuda_no_such_user", "mailbox_unknown", 95, "cuda_nsu"),
    Rule("mailgun_mark", "suppressed", 90, "not delivering to previously"),
    Rule("mailmarshal_score", "content", 90, "messagelimit.spamscore"),
)

MARKS: Final = (*GOOGLE, *YAHOO_AND_AOL, *MICROSOFT, *EUROPE, *ASIA, *AMERICA, *GATEWAYS)
"""Every mark, in the order in which it is tried."""
