"""The simulator's tables against what the server's rooms make of them: names must be the same on both sides."""

import pytest

from sendlens.enrich import actor, bounce, client, links, provider
from sendlens.simulator.clients import AGENTS, HABITS, NETWORKS, READERS, SCANNERS
from sendlens.simulator.mailboxes import MAILBOXES
from sendlens.simulator.programs import COMPANIES, UNSUBSCRIBE
from sendlens.simulator.replies import BOUNCE_CLASS, REPLIES


@pytest.mark.parametrize("name", AGENTS)
def test_a_user_agent_is_recognised(name):
    agent = AGENTS[name]
    known = client.identify(agent.user_agent)
    assert (known.client, known.device) == (agent.client, agent.device)


@pytest.mark.parametrize("mailbox", MAILBOXES, ids=lambda mailbox: mailbox.domain)
def test_a_mailbox_provider_is_recognised(mailbox):
    assert provider.of_domain(mailbox.domain, mailbox.mx).provider == mailbox.provider
    alone = provider.of_domain(mailbox.domain).provider
    assert alone == (mailbox.domain if mailbox.business else mailbox.provider)


def _judged(type, name):
    agent = AGENTS[name]
    first, _ = NETWORKS[agent.network]
    return actor.judge(type, agent.user_agent, first, None, client.identify(agent.user_agent)).actor


def test_people_and_proxies_are_taken_for_what_they_are():
    for reader in READERS.values():
        for name in reader.opens.split():
            assert _judged("opened", name) == ("proxy" if AGENTS[name].device == "proxy" else "human"), name
        for name in reader.clicks.split():
            assert _judged("clicked", name) == "human", name


def test_machines_that_show_themselves_are_recognised_and_covert_ones_need_timing():
    for name in ("apple_prefetch", "gmail_prefetch"):
        assert _judged("opened", name) == "machine"
    for names in SCANNERS.values():
        for name in names:
            assert _judged("opened", name) == _judged("clicked", name) == "machine", name
    assert _judged("clicked", "scanner_covert") == "human"


@pytest.mark.parametrize("reply", [r for r in REPLIES if r.kind in BOUNCE_CLASS], ids=lambda reply: reply.text[:40])
def test_a_reply_is_classified_as_what_it_is(reply):
    text = f"{reply.smtp_code} {reply.enhanced_code} {reply.text}"
    told = BOUNCE_CLASS[reply.kind]
    verdict = bounce.classify("bounced", reply.smtp_code, reply.enhanced_code, text, told, reply.reason)
    assert verdict.bounce_class == told, verdict


def test_only_the_link_for_leaving_is_one_for_leaving():
    for company in COMPANIES.values():
        for plan in company.plans:
            for link in plan.links:
                assert links.kind(f"{company.shop}{link.path}?utm_source=email", link.name) == "", link
        assert links.kind(f"{company.shop}{UNSUBSCRIBE.path}?utm_source=email", "") == "unsubscribe"


def test_nothing_belongs_to_anybody():
    for company in COMPANIES.values():
        assert all(name.endswith(".example") for name in (*company.domains, company.shop))
    assert all(mailbox.domain.endswith(".example") for mailbox in MAILBOXES if mailbox.business)


def test_every_habit_names_known_readers():
    assert {mailbox.habit for mailbox in MAILBOXES} == set(HABITS)
    assert {name for habit in HABITS.values() for name in habit} <= set(READERS)
