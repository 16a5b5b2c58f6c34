"""What a refusal is about, where no known wording fits: a noun of the field near a word that condemns it, in any order.

Owns the pairs. Leaves whole wordings, which are surer and stand earlier, to `bounce_words_mailbox` and
`bounce_words_block`, and the place of these rules among the others to `bounce_rules`.

"Near" means in the same sentence and at most some thirty characters away. The sender comes first, because a refusal of
"the sender's mailbox" names a mailbox as well; the recipient comes before the message, because most refusals mention
one.
"""

from __future__ import annotations

from typing import Final

from sendlens.enrich.bounce_reasons import Rule

_SENDER: Final = r"senders?|from|originator|mailfrom|return-path|expediteur|emetteur|remitente|mittente|absender"
_RECIPIENT: Final = (
    r"users?|usernames?|accounts?|acct|mail ?box(?:es)?|recipients?|rcpt|addressees?|alias(?:es)?|local-?part|userid"
    r"|address(?:es)?|subscriber|customer|person|<@>"
)
_SPACE: Final = r"quotas?|space|storage|mailfolder|inbox|maildir|mail ?box|mail ?store|disk|disc"
_CLIENT: Final = (
    r"mail server|server|host|hostname|client|ip|ips|ip address|network|isp|range|connect(?:ions?|ing)?|access|helo"
    r"|ehlo|proxy|mta|relay host|provider|country|region"
)
_MESSAGE: Final = (
    r"messages?|e?-?mails?|content|data|headers?|attachments?|attachment\(s\)|subject|mime|body|urls?|links?|images?"
    r"|files?|html|text|transmission"
)
_REFUSED: Final = (
    r"reject(?:ed|s|ing|ion)?|refus(?:ed|es|al|ing)?|den(?:y|ied|ies)|block(?:ed|s|ing)?|declined|unacceptable"
    r"|not (?:be )?(?:accepted|allowed|permitted|ok)|(?:do|does|will) not accept|disallowed|forbidden|banned|prohibited"
    r"|illegal|discarded|unwanted|no permit"
)

ABOUT_SENDER: Final = (
    Rule(
        "about_sender",
        "policy",
        70,
        near=(
            _SENDER,
            rf"{_REFUSED}|invalid|mismatch(?:ed|es)?|not (?:owned|found|in|verified|valid|local|registered)|unverified"
            r"|unknown|unroutable|unresolvable|unresolved|empty|failed|bogus|fake|invalide|without a valid",
        ),
    ),
    Rule(
        "about_proof",
        "authentication",
        70,
        "unsigned; unroutable sender; unresolvable; auth failed; authentication failed; not verified; fully qualified",
    ),
)

ABOUT_MAILBOX: Final = (
    Rule(
        "about_space",
        "mailbox_full",
        75,
        near=(
            _SPACE,
            r"exceed(?:s|ed|ing)?|full|used up|over|insufficient|not enough|limit|exhausted|lack(?:s|ing)?|out of"
            r"|overflow|too (?:much|many)",
        ),
    ),
    Rule(
        "about_closed",
        "mailbox_inactive",
        72,
        near=(
            _RECIPIENT,
            r"disabled|inactiv\w*|not activ\w*|deactivated|suspended|locked|frozen|closed|expired|cancell?ed|terminated"
            r"|discontinued|retired|abandoned|removed|deleted|restricted|archived|no longer|unused|blocked|barred"
            r"|not (?:is )?allowed",
        ),
        smtp="5* 0",
    ),
    Rule(
        "about_closed_name",
        "mailbox_inactive",
        65,
        "> is now disabled; is disabled; is expired; is inactive; is closed; is locked; is deactivated; is suspended",
        smtp="5* 0",
    ),
    Rule(
        "about_recipient",
        "mailbox_unknown",
        70,
        near=(
            _RECIPIENT,
            r"unknown|no such|not (?:\w+ )?(?:found|exist\w*|known|valid|local|listed|ok|recogni[sz]ed"
            r"|registered|present"
            r"|deliverable|accepted|a member|defined|here|hosted|located|resolved|on file|available)|invalid|bad|wrong"
            r"|incorrect|illegal|bogus|does ?n[o']t exist|undeliverable|un(?:route?able|reachable|recogni[sz]ed|defined"
            r"|availi?able|avaiable|resolvable|registered)|nonexist\w*|can(?:no|')t (?:be )?(?:find|found"
            r"|verif\w+|accept)"
            r"|could ?n[o']t (?:be )?(?:found|find|verif\w+)|lookup \D{0,24}failed|misspelled|mistyped|denied|refused"
            r"|reject(?:ed)?|missing|not there|nobody|no one|no (?:\w+ )?match\w*",
        ),
        smtp="5* 0",
    ),
)

ABOUT_CLIENT: Final = (
    Rule(
        "about_client",
        "reputation",
        68,
        near=(
            _CLIENT,
            rf"{_REFUSED}|no access|confirmation|confirm|suspicious\w*|not (?:welcome|trusted|authenticated"
            r"|in whitelist)"
            r"|unresolvable|unresolved|bypass\w*|dynamic|generic|geographic\w*|go away|resolve|whitelist"
            r"|found in \D{0,20}list\w*",
        ),
    ),
    Rule("about_leaving", "reputation", 62, "go away; requires confirmation; denyip; spamtrap; geographic"),
)

# Who merely says spam means the message; lists, proof and the client's standing were asked before.
ABOUT_SPAM: Final = (Rule("about_spam", "content", 72, "spam; junk; unsolicited; bulk e-mail", smtp="5* 0"),)

ABOUT_MESSAGE: Final = (
    Rule(
        "about_message",
        "content",
        66,
        near=(
            _MESSAGE,
            rf"{_REFUSED}|invalid|errors?|low priority|unsupported|potential\w*|dangerous|unsafe|violat\w+|filtered"
            r"|structure|corrupt\w*",
        ),
        smtp="5* 0",
    ),
)

ABOUT_SERVER: Final = (
    Rule(
        "about_way",
        "connection",
        66,
        """
        giving up on; did not accept our requests to connect; could not initiate; smtp conversation;
        not accept * connect
        """,
    ),
    Rule("about_loop", "routing", 70, near=(r"loop\w*", r"mail|message|exchanger|forward\w*|routing|host|found")),
    Rule(
        "about_server",
        "server",
        66,
        near=(
            r"server|system|service|software|program|configuration|config|lookup|drd|mdb|resources?|file|queue|domain",
            r"errors?|busy|fail(?:ed|ure)?|could not (?:be )?load|problems?|crash\w*|corrupt\w*|no mdb|broken|unable"
            r"|trouble|deferred",
        ),
    ),
)
