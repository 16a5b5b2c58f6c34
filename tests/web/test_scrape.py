"""`/metrics`: every metric there is, none that is not documented, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse

from sendlens.web.telemetry import FAMILIES, PROCESS, route_of
from tests.web.conftest import METRICS_KEY, Running

_TYPES = {"counter read": "counter", "info": "gauge"}


def scraped(running: Running) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values of every sample by name and labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in parse(running.ask("GET", "/metrics").text):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_every_metric_is_there_and_no_other(running: Running, deploy: Callable[[bool], None]) -> None:
    deploy(True)
    running.send(0, 50, sick=2)
    running.settle()
    running.send(10, 30)
    running.post([{"type": "no such type"}])
    running.ask("POST", "/hooks/nobody/src_x", json={})
    running.settle()
    running.ask("GET", "/v1/metrics?metrics=sent", "read")
    running.until(lambda: running.parts.tasks.states["sample"].last_success_ms)
    running.parts.health.samples.take(running.parts.settings, running.parts.control, running.parts.store)
    running.until(lambda: running.parts.tasks.states["flush-control"].last_success_ms)

    answer = running.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in parse(answer.text)}
    known = {one.name.removesuffix("_total"): one for one in (*FAMILIES, *PROCESS)}
    assert set(families) == set(known)
    for name, one in known.items():
        family = families[name]
        assert family.type == _TYPES.get(one.kind, one.kind), name
        assert family.documentation == one.help or one in PROCESS, name
        assert family.samples, name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(one.labels), name

    values = scraped(running)
    assert values["sendlens_received_total"] == {("event", "api"): 81}
    assert values["sendlens_stored_total"] == {("event", "api"): 48}
    assert values["sendlens_duplicates_total"] == {("event", "api"): 30}
    assert values["sendlens_dead_total"] == {("event", "api"): 2}
    assert values["sendlens_rejected_total"] == {("event", "api"): 1}
    assert values["sendlens_intake_requests_total"] == {("/v1/events", "202"): 3, ("/hooks/other", "404"): 1}
    assert values["sendlens_batch_records_sum"] == {(): 80}
    assert values["sendlens_polls_total"] == {
        (kind, outcome): 0 for kind in ("mailboxes", "scrapes", "seeds") for outcome in ("good", "failed")
    }
    assert values["sendlens_dead_letters_waiting"] == {(): 2}
    assert values["sendlens_store_rows"][("events",)] == 48
    assert values["sendlens_lag_records"] == values["sendlens_lag_seconds"] == {(): 0}
    assert values["sendlens_writer_up"] == {(): 1}
    assert values["sendlens_query_seconds_count"][("answered",)] >= 1
    assert values["sendlens_log_bytes"][()] > 0
    for secret in (running.tenant.id, running.tenant.slug, "autumn", "example.com", *running.keys.values()):
        assert secret not in answer.text


def test_lag_is_told_while_the_writer_rests(running: Running) -> None:
    with running.parts.writer.paused():
        running.send(0, 3)
        running.until(lambda: scraped(running)["sendlens_lag_seconds"][()] > 0)
        assert scraped(running)["sendlens_lag_records"] == {(): 3}
    running.settle()
    assert scraped(running)["sendlens_lag_seconds"] == {(): 0}


def test_open_metrics_for_who_wants_it(running: Running) -> None:
    answer = running.ask("GET", "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "sendlens_build" in {family.name.removesuffix("_info") for family in open_metrics(answer.text)}


def test_who_may_scrape(running: Running) -> None:
    proxied = {"x-forwarded-for": "192.0.2.1"}
    assert running.ask("GET", "/metrics", headers=proxied).status_code == 401
    # An API key belongs to a tenant, and these figures belong to none.
    assert running.ask("GET", "/metrics", "admin", headers=proxied).status_code == 401
    for key, status in ((METRICS_KEY, 200), (METRICS_KEY + "x", 401), ("é", 401)):
        headers = {**proxied, "authorization": f"Bearer {key}".encode()}
        assert running.ask("GET", "/metrics", headers=headers).status_code == status


def test_routes_are_few() -> None:
    assert route_of("/v1/spend") == "/v1/spend"
    assert route_of("/hooks/sendgrid/src_abc") == "/hooks/sendgrid"
    assert route_of("/hooks/<script>/src_abc") == route_of("/hooks/") == "/hooks/other"


def test_sources_are_kinds(running: Running) -> None:
    source = running.parts.control.sources.create(running.tenant.id, "hooks", "postmark")
    telemetry = running.parts.telemetry
    kinds = [telemetry.source_kind(name) for name in (source.id, source.id, "shop", "src_unknown", "api")]
    assert kinds == ["postmark", "postmark", "api", "api", "api"]
