"""What mailbox providers report (DMARC, TLS) and seed mailboxes, asked by the one grammar of metrics."""

from sendlens.metrics.query import Metrics
from sendlens.store import Store
from sendlens.store.columns import table_of
from tests.metrics.test_query import metrics, scope
from tests.metrics.world import NOON, NOW


def reported(store: Store, times: int = 1) -> Metrics:
    """Store two DMARC reports, a TLS report and a seed test, each as often as is asked."""
    rows = [  # domain, address, reporter, row, mails, DKIM aligned, SPF aligned, disposition
        ("shop.example", "192.0.2.1", "google.com", 0, 900, 1, 1, "none"),
        ("shop.example", "192.0.2.1", "google.com", 1, 50, 1, 0, "none"),
        ("shop.example", "198.51.100.9", "google.com", 2, 40, 0, 0, "reject"),
        ("news.example", "192.0.2.1", "yahoo.com", 0, 10, 0, 1, "quarantine"),
    ]
    names = ("domain", "source_ip", "org", "row", "count", "dkim_aligned", "spf_aligned", "disposition")
    dmarc: dict[str, list[object]] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    dmarc |= {"tenant": ["t_1"] * 4, "report_id": ["r"] * 4, "begin_at": [NOON] * 4, "end_at": [NOON + 86_400] * 4}
    tls: dict[str, list[object]] = {
        "tenant": ["t_1"] * 2, "domain": ["shop.example"] * 2, "begin_at": [NOON] * 2, "org": ["google.com"] * 2,
        "report_id": ["t"] * 2, "row": [0, 1], "policy_type": ["sts"] * 2, "successful": [990, 0], "failed": [10, 0],
        "failure_type": ["", "certificate-expired"], "failure_sessions": [0, 10],
    }  # fmt: skip
    seeds: dict[str, list[object]] = {
        "tenant": ["t_1"] * 4, "test_id": ["spring"] * 4, "seed": [f"{i}@gmail.com" for i in range(4)],
        "placement": ["inbox", "inbox", "spam", "missing"], "provider": ["gmail", "gmail", "gmail", "yahoo_aol"],
        "campaign_id": ["spring"] * 4, "at": [NOON] * 4, "changed_at": [NOW] * 4,
    }  # fmt: skip
    for _ in range(times):
        for name, columns in (("dmarc_records", dmarc), ("tls_reports", tls), ("placements", seeds)):
            store.insert(name, table_of(name, columns))
    return Metrics(store, metrics(store).clock)


def test_rates_come_from_the_receivers_own_evaluation(embedded_store: Store) -> None:
    asked = ["dmarc_mails", "dmarc_pass_rate", "dkim_aligned_rate", "spf_aligned_rate", "dmarc_refused_rate",
             "tls_failure_rate", "inbox_rate", "seed_missing_rate"]  # fmt: skip
    # A report that comes twice counts once.
    found = reported(embedded_store, times=2).figures(scope(), asked)
    assert {key: (one.n, one.d) for key, one in found.items()} == {
        "dmarc_mails": (1000, None),
        "dmarc_pass_rate": (960, 1000),
        "dkim_aligned_rate": (950, 1000),
        "spf_aligned_rate": (910, 1000),
        "dmarc_refused_rate": (50, 1000),
        "tls_failure_rate": (10, 1000),
        "inbox_rate": (2, 3),
        "seed_missing_rate": (1, 4),
    }


def test_they_are_broken_down_and_filtered_by_what_they_know(embedded_store: Store) -> None:
    asking = reported(embedded_store)
    table = asking.breakdown(scope(), ["dmarc_mails", "dmarc_pass_rate"], "source_ip")
    assert [(row.value, row.figures["dmarc_pass_rate"].n) for row in table.rows] == [
        ("192.0.2.1", 960),
        ("198.51.100.9", 0),
    ]
    table = asking.breakdown(scope("7d", "is,sending_domain,news.example"), ["dmarc_mails"], "reporter")
    assert [(row.value, row.figures["dmarc_mails"].n) for row in table.rows] == [("yahoo.com", 10)]
    table = asking.breakdown(scope(), ["seed_missing_rate"], "provider")
    assert {row.value: row.figures["seed_missing_rate"].d for row in table.rows} == {"gmail": 3, "yahoo_aol": 1}


def test_what_they_do_not_know_is_left_out(embedded_store: Store) -> None:
    found = reported(embedded_store).figures(scope("7d", "is,segment,vip"), ["dmarc_mails", "inbox_rate"])
    assert {one.n for one in found.values()} == {None}
