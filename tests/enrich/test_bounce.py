import csv
import re
from pathlib import Path

import pytest

from bench import bounce_mails
from sendlens.enrich import (
    bounce_gist,
    bounce_marks,
    bounce_rules,
    bounce_words_abroad,
    bounce_words_block,
    bounce_words_mailbox,
)
from sendlens.enrich.bounce import NO_BOUNCE, classify
from sendlens.enrich.bounce_reasons import REASONS, Rule
from sendlens.model.events import BounceClass, EventType

with (Path(__file__).parent / "diagnostics.tsv").open(encoding="utf-8", newline="") as file:
    LABELLED = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

ALL_RULES = (
    *bounce_rules.RULES,
    *bounce_rules.CODES,
    *bounce_rules.WEAK,
    *bounce_words_block.SENDING,
)


def test_labelled_diagnostics_meet_the_bars():
    """Every text has the label a careful reader gave it; `a|b` where readers may differ."""
    wrong = []
    for row in LABELLED:
        seen = classify(row["type"], smtp_reply=row["text"])
        if seen.bounce_class not in row["class"].split("|") or seen.reason not in row["reason"].split("|"):
            wrong.append((row["class"], row["reason"], seen, row["text"]))
        assert seen.rule
        assert 0 < seen.confidence <= 100 or seen.rule == "none"
    assert len(wrong) <= len(LABELLED) // 50, wrong


def test_there_are_enough_labels():
    assert len(LABELLED) >= 450


@pytest.mark.skipif(not bounce_mails.MAILS.is_file(), reason="the real bounce mails are not part of the repository")
def test_real_bounce_mails_meet_the_bars():
    told = list(bounce_mails.told())
    assert len(told) > 100
    seen = [(one, classify(one.type, 0, one.enhanced_code, one.text)) for one in told]
    hard = sum((verdict.bounce_class == "hard") in bounce_mails.hardness(one) for one, verdict in seen)
    reasons = sum(verdict.reason in one.reasons for one, verdict in seen)
    assert hard / len(told) >= 0.96
    assert reasons / len(told) >= 0.92


@pytest.mark.parametrize("type", sorted(set(EventType) - {"bounced", "deferred", "dropped"}))
def test_other_events_have_no_class(type):
    assert classify(type, 550, "5.1.1", "550 5.1.1 User unknown", "hard", "x") == NO_BOUNCE


@pytest.mark.parametrize(
    ("enhanced", "bounce_class", "reason"),
    [
        ("5.1.1", "hard", "mailbox_unknown"), ("5.1.2", "hard", "domain_unknown"), ("5.1.3", "hard", "invalid"),
        ("5.2.1", "hard", "mailbox_inactive"), ("5.2.2", "soft", "mailbox_full"), ("5.2.3", "soft", "too_large"),
        ("5.4.4", "hard", "domain_unknown"), ("4.4.1", "soft", "connection"), ("5.4.7", "soft", "timeout"),
        ("4.7.28", "block", "rate_limited"), ("5.7.1", "block", "policy"), ("5.7.26", "block", "authentication"),
        ("5.6.0", "block", "content"), ("5.5.4", "undetermined", "protocol"), ("5.0.0", "undetermined", "unknown"),
    ],
)  # fmt: skip
def test_bare_codes(enhanced, bounce_class, reason):
    seen = classify("bounced", 0, enhanced)
    assert (seen.bounce_class, seen.reason) == (bounce_class, reason)


@pytest.mark.parametrize(
    ("text", "bounce_class", "reason"),
    [
        ("550 we could not find that subscriber", "hard", "mailbox_unknown"),
        ("554 bogus alias <a@b.example>", "hard", "mailbox_unknown"),
        ("553 5.3.0 that addressee was never registered: address is not registered", "hard", "mailbox_unknown"),
        ("554 5.1.3 no valid recipient was given", "hard", "mailbox_unknown"),
        ("550 subscriber was removed last year", "hard", "mailbox_inactive"),
        ("the maildir of this person hit its limit", "soft", "mailbox_full"),
        ("550 this originator was declined", "block", "policy"),
        ("554 5.7.1 service unavailable; your country was rejected", "block", "policy"),
        ("550 links declined", "block", "content"),
        ("550 this region is banned", "block", "reputation"),
        ("program crashed", "soft", "server"),
    ],
)
def test_a_text_without_a_known_wording_is_read_by_its_nouns(text, bounce_class, reason):
    seen = classify("bounced", smtp_reply=text)
    assert (seen.bounce_class, seen.reason) == (bounce_class, reason), seen


def test_a_noun_and_a_word_of_another_sentence_are_not_put_together():
    assert classify("bounced", smtp_reply="Dear customer. Something bad came up").rule == "none"


def test_codes_are_found_in_the_text_and_addresses_are_not_taken_for_codes():
    assert classify("bounced", smtp_reply="550 5.1.1 <a@b.example>").reason == "mailbox_unknown"
    assert classify("bounced", smtp_reply="smtp; 550 said host 5.1.1.9").rule == "none"


def test_words_inside_addresses_decide_nothing():
    assert classify("bounced", smtp_reply="550 <quota-exceeded@spamhaus.org>").reason == "unknown"


def test_the_servers_words_outweigh_the_providers():
    seen = classify("bounced", 552, "5.2.2", "552 5.2.2 mailbox is full", "hard", "bad_mailbox")
    assert (seen.bounce_class, seen.reason) == ("soft", "mailbox_full")


def test_the_providers_word_counts_where_the_server_is_silent():
    assert classify("bounced", told_reason="Bad_Mailbox") == classify("bounced", told_reason="bad-mailbox")
    assert classify("bounced", told_reason="bad_mailbox").reason == "mailbox_unknown"
    assert classify("bounced", told_reason="No such user here").bounce_class == "hard"
    assert classify("bounced", told_reason="hard_bounce").bounce_class == "hard"


def test_the_providers_class_counts_where_nothing_else_does():
    seen = classify("bounced", smtp_reply="550 nope", told_class="hard")
    assert (seen.bounce_class, seen.rule) == ("hard", "told_class")
    assert classify("bounced", told_class="nonsense").bounce_class == "undetermined"


@pytest.mark.parametrize("told", ["", "hard", "block"])
def test_dropped_keeps_the_class_it_was_told_and_gets_a_reason(told):
    seen = classify("dropped", told_class=told, told_reason="Bounced Address")
    assert (seen.bounce_class, seen.reason) == (told, "suppressed")
    assert classify("dropped", told_class=told, told_reason="hard-bounce").reason == "suppressed"
    assert classify("dropped", told_reason="Your account has reached its daily sending limit.").reason == "sending"


def test_what_will_be_tried_again_is_not_hard():
    seen = classify("deferred", 450, "4.1.1", "450 4.1.1 User unknown in local recipient table")
    assert (seen.bounce_class, seen.reason) == ("soft", "mailbox_unknown")
    assert classify("deferred").bounce_class == "soft"


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "5" * 5000, "a@" * 2000, "(" * 2000, "quota " * 500])
def test_anything_is_survived(text):
    assert classify("bounced", 99999, text, text, text, text).bounce_class in set(BounceClass)


def test_rules_are_well_formed():
    names = [rule.name for rule in ALL_RULES]
    assert len(set(names)) == len(names)
    for rule in ALL_RULES:
        assert rule.reason in REASONS
        assert 0 < rule.confidence <= 100
        assert rule.phrases or rule.codes or rule.smtp or rule.near
        assert rule.phrases == rule.phrases.lower()
        assert "@" not in rule.phrases, "addresses are taken out before phrases are looked for"
        assert all(re.fullmatch(r"[x45]\.\d+\.(\d*\*|\d+)|[x45]\.\*", code) for code in rule.codes.split()), rule
    assert set(bounce_rules.TOLD_OF_DROPPED.values()) <= set(REASONS)


def test_every_group_of_rules_is_in_the_order():
    groups = [
        value
        for module in (bounce_gist, bounce_marks, bounce_words_abroad, bounce_words_block, bounce_words_mailbox)
        for name, value in vars(module).items()
        if name.isupper() and name != "SENDING"
    ]
    forgotten = [rule.name for group in groups for rule in group if isinstance(rule, Rule) and rule not in ALL_RULES]
    assert forgotten == []
