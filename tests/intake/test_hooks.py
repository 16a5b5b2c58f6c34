"""Webhooks over HTTP: proof, probes, subscriptions, replays."""

import asyncio
import importlib
import json

import httpx
import pytest

from sendlens.errors import Forbidden, InvalidField, Unavailable
from sendlens.model.events import Event
from sendlens.sources.esp import PROVIDERS, Options, signing
from sendlens.sources.esp.signing import SendGridSigner, SignedRequest, SnsSigner
from sendlens.web.intake import fetch
from sendlens.web.intake.tokens import TokenCache
from tests.intake.world import World, problem, run
from tests.sources.contract import HOUR, NOW, ProviderContract
from tests.sources.test_mailgun import KEYS
from tests.sources.test_mailgun import native as mailgun_native
from tests.sources.test_postmark import CREDENTIALS
from tests.sources.test_ses import OPEN, SIGNER


def contract_of(provider: str) -> ProviderContract:
    """Return the contract that the provider's own tests run, from the module named after it."""
    told = vars(importlib.import_module(f"tests.sources.test_{provider}")).values()
    (found,) = (
        one
        for one in told
        if isinstance(one, type) and issubclass(one, ProviderContract) and one is not ProviderContract
    )
    return found()


CONTRACTS = {name: contract_of(name) for name in PROVIDERS}


def ready(world: World, contract: ProviderContract, secrets: tuple[str, ...] | None = None) -> str:
    """Add a source for a provider; SNS certificates can be fetched."""
    world.pages[SIGNER.certificate_url] = SIGNER.certificate
    given = contract.secrets if secrets is None else secrets
    path = world.source(contract.name, *given, topics=list(contract.options.topics))
    contract.address = f"http://door{path}"
    return path


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
class TestEveryProvider:
    def test_each_payload_is_accepted(self, contract: ProviderContract) -> None:
        world = World()
        path = ready(world, contract)
        for case in contract.cases:
            answer = world.hook(path, contract.signed(case.native))
            # Mailgun and Postmark repeat what is answered with anything but 200.
            assert answer.status_code == contract.provider.accepted_status, (case.name, answer.text)
            assert answer.json()["accepted"] == len(case.expected)
        assert len(world.records()) == sum(len(case.expected) for case in contract.cases)
        source = path.rpartition("/")[2]
        assert {(block.tenant, block.source) for block in world.log.blocks} == {("t_1", source)}

    def test_a_forged_request_leaves_nothing(self, contract: ProviderContract) -> None:
        world = World()
        path = ready(world, contract)
        answer = world.hook(path, contract.unsigned(contract.signed(contract.cases[0].native)))
        assert answer.status_code in (400, 401)
        problem(answer, answer.status_code)
        assert answer.status_code == 400 or answer.headers["www-authenticate"]
        assert world.log.blocks == []

    def test_a_source_without_a_secret_is_closed(self, contract: ProviderContract) -> None:
        world = World()
        world.source(contract.name)
        problem(
            world.hook(f"/hooks/{contract.name}/src-{contract.name}-0", contract.signed(contract.cases[0].native)), 401
        )
        assert world.log.blocks == []
        assert world.fetched == []

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"[1]", b'"x"'])
    def test_unreadable_bodies_are_refused(self, contract: ProviderContract, body: bytes) -> None:
        world = World()
        signed = contract.signed(contract.cases[0].native)
        answer = world.hook(ready(world, contract), SignedRequest(body, signed.headers))
        problem(answer, answer.status_code)
        assert answer.status_code in (400, 401)
        assert world.log.blocks == []

    def test_a_large_body_is_refused(self, contract: ProviderContract) -> None:
        world = World()
        problem(world.hook(ready(world, contract), SignedRequest(b"[" + b" " * 1_000_000)), 413)

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_probes_are_answered(self, contract: ProviderContract, method: str) -> None:
        world = World()
        answer = world.request(method, ready(world, contract))
        assert answer.status_code == 200
        assert bool(answer.content) == (method == "GET")

    def test_another_providers_address_is_unknown(self, contract: ProviderContract) -> None:
        world = World()
        source = ready(world, contract).rpartition("/")[2]
        other = next(name for name in PROVIDERS if name != contract.name)
        request = contract.signed(contract.cases[0].native)
        answers = [
            world.hook(f"/hooks/{name}/{place}", request) for name, place in ((other, source), (contract.name, "nope"))
        ]
        assert problem(answers[0], 404)["detail"] == problem(answers[1], 404)["detail"]
        problem(world.request("GET", f"/hooks/{other}/{source}"), 404)

    def test_other_methods_are_refused(self, contract: ProviderContract) -> None:
        world = World()
        problem(world.request("PUT", ready(world, contract), content=b"{}"), 405)

    def test_overload_asks_for_a_repeat(self, contract: ProviderContract) -> None:
        world = World()
        path, request = ready(world, contract), contract.signed(contract.cases[0].native)
        world.log.broken = True
        assert problem(world.hook(path, request), 503)
        world.log.broken = False
        assert world.hook(path, request).status_code == contract.provider.accepted_status

    def test_a_secret_is_never_in_an_answer(self, contract: ProviderContract) -> None:
        world = World()
        answer = world.hook(ready(world, contract), SignedRequest(b"{}"))
        assert not any(secret in answer.text for secret in contract.secrets)


class TestSubscriptions:
    def test_one_is_confirmed_by_fetching_its_address(self) -> None:
        world = World()
        path = ready(world, CONTRACTS["ses"])
        world.pages[SIGNER.subscribe_url] = b"<ConfirmSubscriptionResponse/>"
        assert world.hook(path, SIGNER.confirmation(NOW)).status_code == 202
        assert world.fetched == [SIGNER.certificate_url, SIGNER.subscribe_url]
        assert world.log.blocks == []

    def test_one_that_cannot_be_confirmed_now_is_asked_for_again(self) -> None:
        world = World()
        problem(world.hook(ready(world, CONTRACTS["ses"]), SIGNER.confirmation(NOW)), 503)

    def test_a_foreign_topic_is_refused_before_anything_is_fetched(self) -> None:
        world, foreign = World(), SnsSigner(NOW)
        foreign.topic = "arn:aws:sns:eu-west-1:666666666666:mine"
        world.pages[foreign.subscribe_url] = b""
        path = ready(world, CONTRACTS["ses"])
        for request in (foreign.confirmation(NOW), foreign.notification(OPEN, NOW)):
            problem(world.hook(path, request), 401)
        assert world.fetched == []

    def test_a_forged_confirmation_is_not_fetched(self) -> None:
        world, forger = World(), SnsSigner(NOW)
        world.pages[forger.subscribe_url] = b""
        problem(world.hook(ready(world, CONTRACTS["ses"]), forger.confirmation(NOW)), 401)
        assert world.fetched == [SIGNER.certificate_url]


class TestCertificates:
    def test_one_is_fetched_once_a_day(self) -> None:
        world = World()
        path = ready(world, CONTRACTS["ses"])
        for _ in range(3):
            assert world.hook(path, SIGNER.notification(OPEN, NOW)).status_code == 202
        assert world.fetched == [SIGNER.certificate_url]
        world.clock.advance(25 * 3600)
        assert world.hook(path, SIGNER.notification(OPEN, NOW + 25 * HOUR)).status_code == 202
        assert len(world.fetched) == 2

    def test_one_that_cannot_be_fetched_asks_for_a_repeat(self) -> None:
        world = World()
        path = ready(world, CONTRACTS["ses"])
        world.pages[SIGNER.certificate_url] = b"<html>maintenance</html>"
        problem(world.hook(path, SIGNER.notification(OPEN, NOW)), 503)
        del world.pages[SIGNER.certificate_url]
        problem(world.hook(path, SIGNER.notification(OPEN, NOW)), 503)
        world.pages[SIGNER.certificate_url] = SIGNER.certificate
        assert world.hook(path, SIGNER.notification(OPEN, NOW)).status_code == 202

    def test_the_cache_does_not_grow(self) -> None:
        async def page(url: str) -> bytes:
            return b"-----BEGIN CERTIFICATE-----" + url.encode()

        async def go() -> int:
            cache = fetch.Certificates(page, World().clock)
            for number in range(200):
                await cache.get(f"https://sns.eu-west-1.amazonaws.com/{number}.pem")
            return len(cache._kept)

        assert run(go()) == fetch.MOST_KEPT


class TestFetching:
    """The real fetch, on a transport that never leaves the process."""

    URL = "https://sns.eu-west-1.amazonaws.com/a.pem"

    def get(self, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, url: str = URL) -> bytes:
        def handler(request: httpx.Request) -> httpx.Response:
            assert request.url.host == "sns.eu-west-1.amazonaws.com"
            if isinstance(answer, Exception):
                raise answer
            return answer

        original = httpx.AsyncClient

        def client(**options: object) -> httpx.AsyncClient:
            assert options["follow_redirects"] is False
            assert options["timeout"] == fetch.SECONDS
            return original(transport=httpx.MockTransport(handler), follow_redirects=False)

        monkeypatch.setattr(httpx, "AsyncClient", client)
        return run(fetch.fetch_from_sns(url))

    def test_a_page_is_returned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.get(monkeypatch, httpx.Response(200, content=b"pem")) == b"pem"

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
            httpx.Response(500),
            httpx.Response(200, content=b"x" * (fetch.LONGEST + 1)),
            httpx.ConnectError("refused"),
            httpx.ReadTimeout("slow"),
        ],
    )
    def test_anything_else_is_a_failure(
        self, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception
    ) -> None:
        with pytest.raises(Unavailable):
            self.get(monkeypatch, answer)

    @pytest.mark.parametrize(
        "url", ["http://sns.eu-west-1.amazonaws.com/a", "https://localhost/a", "https://10.0.0.1/"]
    )
    def test_other_hosts_are_not_asked(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        with pytest.raises(Forbidden):
            self.get(monkeypatch, httpx.Response(200), url)


class TestReplays:
    def test_a_repeat_passes_and_a_forgery_with_its_token_does_not(self) -> None:
        world = World()
        path = world.source("mailgun", KEYS[0])
        request = signing.mailgun(mailgun_native("opened"), KEYS[0], NOW, "c" * 50)
        assert world.hook(path, request).status_code == 200
        assert world.hook(path, request).status_code == 200
        forged = SignedRequest(request.body.replace(b"ada@", b"eve@"), request.headers)
        problem(world.hook(path, forged), 401)
        first, again = world.records()
        assert isinstance(first, Event)
        assert isinstance(again, Event)
        assert first.id == again.id

    def test_tokens_are_forgotten_when_they_are_too_old_anyway(self) -> None:
        world = World()
        cache = TokenCache(world.clock, most=3)
        assert cache.claim("a", b"1", NOW + 1000)
        assert not cache.claim("a", b"2", NOW + 1000)
        world.clock.advance(2)
        assert cache.claim("a", b"2", NOW + 9000)
        for token in "bcdef":
            assert cache.claim(token, b"", NOW + 9000)
        assert len(cache._seen) == 3

    def test_an_old_signature_is_refused(self) -> None:
        world = World()
        path = world.source("mailgun", KEYS[0], max_age_minutes=5)
        request = signing.mailgun(mailgun_native("opened"), KEYS[0], NOW, "d" * 50)
        world.clock.advance(301)
        problem(world.hook(path, request), 401)


def test_a_batch_of_a_thousand_lands_beside_its_bad_neighbours() -> None:
    signer, world = SendGridSigner(), World()
    path = world.source("sendgrid", signer.public_key)
    natives: list[object] = [
        {"event": "delivered", "email": f"u{n}@example.com", "timestamp": NOW // 1000, "sg_event_id": f"e{n}"}
        for n in range(999)
    ]
    answer = world.hook(path, signer.sign(json.dumps([*natives, "bad"]).encode(), NOW)).json()
    assert (answer["accepted"], answer["rejected_total"]) == (999, 1)
    assert (world.log.blocks[0].count, world.log.blocks[0].rejected) == (999, 1)


def test_settings_that_cannot_be_read_make_the_provider_wait() -> None:
    world = World()
    path = world.source("postmark", CREDENTIALS[0], campaign_from="tags.0")
    answer = world.hook(path, signing.postmark({"RecordType": "Open"}, CREDENTIALS[0]))
    assert "campaign_from" not in problem(answer, 503)["detail"]
    for settings in ({"time_zone": "Mars/Olympus"}, {"time_zone": "../etc/passwd"}, {"year": 10_000}):
        zoned = world.source("postfix", CREDENTIALS[0], **settings)
        problem(world.hook(zoned, signing.authorized(b"x", CREDENTIALS[0], "text/plain")), 503)
    with pytest.raises(InvalidField, match="campaign_from"):
        Options.of({"campaign_from": "tags.0"})
    assert Options.of({"colour": 7, "keep_raw": True}) == Options(keep_raw=True)


def test_raw_is_kept_where_the_source_says_so() -> None:
    world, contract = World(), CONTRACTS["postmark"]
    path = world.source("postmark", CREDENTIALS[0], keep_raw=True, campaign_from=["metadata.plan"])
    world.hook(path, contract.signed(contract.cases[0].native))
    (event,) = world.records()
    assert isinstance(event, Event)
    assert json.loads(event.raw) == contract.cases[0].native
    assert event.campaign_id == "gold"


def test_requests_are_served_side_by_side() -> None:
    """One that waits for a certificate does not hold up another."""
    world = World()
    gate = asyncio.Event()
    slow_path, quick_path = ready(world, CONTRACTS["ses"]), world.source("mailgun", KEYS[0])

    async def fetch_slowly(url: str) -> bytes:
        await gate.wait()
        return world.pages[url]

    world.app._certificates._fetch = fetch_slowly

    async def go() -> tuple[int, bool, int]:
        transport = httpx.ASGITransport(app=world.app)  # pyright: ignore[reportArgumentType] (typed more loosely)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            slow_request = SIGNER.notification(OPEN, NOW)
            slow = asyncio.create_task(client.post(slow_path, content=slow_request.body, headers=slow_request.headers))
            quick_request = signing.mailgun(mailgun_native("opened"), KEYS[0], NOW, "e" * 50)
            quick = await client.post(quick_path, content=quick_request.body, headers=quick_request.headers)
            waited = not slow.done()
            gate.set()
            return quick.status_code, waited, (await slow).status_code

    assert run(go()) == (200, True, 202)
