"""What every provider of webhooks must do; a new provider inherits all of it, the security tests included.

A subclass says how to make a signed request (`signed`) and what its payloads mean (`cases`). The clock stands still at
`NOW`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendlens.errors import BadRequest, SendlensError, Unauthorized
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, EventType, RecordKind
from sendlens.sources.esp import PROVIDERS, Evidence, Options, Provider
from sendlens.sources.esp.features import DETAILS, FEATURES
from sendlens.sources.esp.signing import SignedRequest
from sendlens.sources.received import Mapped, Received

NOW = 1_790_000_000_000  # 2026-09-21T14:13:20Z
HOUR = 3_600_000

# Inherited tests run in several classes, and machines are busy.
SLOW = [HealthCheck.differing_executors, HealthCheck.too_slow]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A native payload and what must be read out of it: one dictionary of fields per event."""

    name: str
    native: dict[str, object]
    expected: list[dict[str, object]]


class Tokens:
    """The smallest token cache there is."""

    def __init__(self) -> None:
        self.seen: dict[str, bytes] = {}

    def claim(self, token: str, body: bytes, until: int) -> bool:
        del until
        return self.seen.setdefault(token, body) == body


def received(request: SignedRequest, at: int = NOW, **changes: object) -> Received:
    told = {"body": request.body, "headers": request.headers, "content_type": request.headers.get("content-type", "")}
    return Received(**{**told, "received_at": at, **changes})  # pyright: ignore[reportArgumentType] (tests mix fields)


def roundtrip(mapped: Mapped) -> None:
    """Assert that the events survive the log."""
    body = pack(mapped.records)
    block = Block(tenant="t", source="s", kind=RecordKind.EVENT, received_at=NOW, count=len(mapped.records), body=body)
    assert block.records() == mapped.records


class ProviderContract:
    """Inherit, set the class variables, and write `signed`."""

    name: ClassVar[str]
    secrets: ClassVar[tuple[str, str]]
    """Two valid secrets."""
    options: ClassVar[Options] = Options()
    cases: ClassVar[list[Case]]
    covers_body: ClassVar[bool] = True
    covers_time: ClassVar[bool] = True
    address: str = ""
    """The address that requests are posted to, for proofs that cover it."""

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        """Return a valid request for one native event, signed with the secret of that number."""
        raise NotImplementedError

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        """Return the request without its proof."""
        raise NotImplementedError

    def evidence(self) -> Evidence:
        return Evidence(tokens=Tokens())

    def nested(self, depth: int) -> bytes:
        """Return a body that is nested `depth` times."""
        return b"[" * depth

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.name]

    def verify(self, request: SignedRequest, secrets: tuple[str, ...] | None = None, at: int = NOW) -> None:
        given = self.secrets[:1] if secrets is None else secrets
        self.provider.verify(received(request, at), given, self.options, self.evidence())

    def read(self, native: object, options: Options | None = None) -> Mapped:
        return self.provider.parse(received(self.signed(native)), options or self.options)

    def test_each_payload_is_understood(self) -> None:
        for case in self.cases:
            mapped = self.read(case.native)
            assert not mapped.rejected, case.name
            told = [
                {field: getattr(event, field) for field in expected}
                for event, expected in zip(mapped.records, case.expected, strict=True)
            ]
            assert told == case.expected, case.name
            roundtrip(mapped)

    def test_the_matrix_says_what_the_parser_yields(self) -> None:
        told = [event for case in self.cases for event in events(self.read(case.native).records)]
        assert {event.type for event in told} - {EventType.UNKNOWN} == FEATURES[self.name].types
        shown = {
            detail
            for detail, fields in DETAILS.items()
            if any(has(event, field, self.name) for event in told for field in fields)
        }
        assert shown == FEATURES[self.name].details

    def test_a_repeat_has_the_same_identity_and_others_have_not(self) -> None:
        ids: list[str] = []
        for case in self.cases:
            first, again = self.read(case.native).records, self.read(case.native).records
            assert [e.id for e in events(first)] == [e.id for e in events(again)]
            ids += [e.id for e in events(first)]
        assert len(ids) == len(set(ids))
        assert all(ids)

    def test_an_unknown_type_is_kept_raw(self) -> None:
        mapped = self.read(self.of_unknown_type())
        (event,) = events(mapped.records)
        assert event.type is EventType.UNKNOWN
        assert event.native_type
        assert event.raw

    def of_unknown_type(self) -> dict[str, object]:
        raise NotImplementedError

    def test_raw_is_kept_only_on_demand(self) -> None:
        native = self.cases[0].native
        assert not events(self.read(native).records)[0].raw
        kept = self.read(native, dataclass_replace(self.options, keep_raw=True))
        assert json.loads(events(kept.records)[0].raw)

    def test_a_valid_request_passes(self) -> None:
        self.verify(self.signed(self.cases[0].native))

    def test_both_secrets_are_valid_while_rotating(self) -> None:
        self.verify(self.signed(self.cases[0].native, secret=0), self.secrets)
        self.verify(self.signed(self.cases[0].native, secret=1), self.secrets)

    def test_the_retired_secret_is_refused(self) -> None:
        with pytest.raises(Unauthorized):
            self.verify(self.signed(self.cases[0].native, secret=1), self.secrets[:1])

    def test_a_missing_proof_is_refused(self) -> None:
        with pytest.raises((Unauthorized, BadRequest)):
            self.verify(self.unsigned(self.signed(self.cases[0].native)))

    def test_without_a_secret_everything_is_refused(self) -> None:
        request = self.signed(self.cases[0].native)
        for secrets in ((), ("",), ("", "")):
            with pytest.raises(Unauthorized):
                self.verify(request, secrets)

    def test_a_changed_body_is_refused(self) -> None:
        if not self.covers_body:
            pytest.skip("the proof does not cover the body")
        request = self.signed(self.cases[0].native)
        # The message inside, so that the envelope stays readable.
        at = request.body.index(b"example")
        changed = request.body[:at] + b"exbmple" + request.body[at + 7 :]
        with pytest.raises(Unauthorized):
            self.verify(dataclasses.replace(request, body=changed))

    def test_an_old_and_a_future_request_are_refused(self) -> None:
        if not self.covers_time:
            pytest.skip("the proof does not cover a time")
        limit = self.provider.max_age_minutes * 60_000
        request = self.signed(self.cases[0].native)
        self.verify(request, at=NOW + limit - min(HOUR, limit) // 2)
        with pytest.raises(Unauthorized, match="ago"):
            self.verify(request, at=NOW + limit + HOUR // 60)
        with pytest.raises(Unauthorized, match="future"):
            self.verify(self.signed(self.cases[0].native, at=NOW + HOUR))

    def test_broken_bodies_are_refused_politely(self) -> None:
        whole = self.signed(self.cases[0].native)
        for body in (b"", b" ", b"\xff\xfe\x00", whole.body[: len(whole.body) // 2], b"null", b"1", b'"x"'):
            with pytest.raises(SendlensError) as caught:
                self.provider.parse(received(dataclasses.replace(whole, body=body)), self.options)
            assert caught.value.status == 400, body

    def test_deep_nesting_is_refused_politely(self) -> None:
        whole = self.signed(self.cases[0].native)
        for depth in (100_000, 1_000_000):
            with pytest.raises(BadRequest):
                self.provider.parse(received(dataclasses.replace(whole, body=self.nested(depth))), self.options)

    def test_a_strange_content_type_does_not_matter_or_is_refused(self) -> None:
        whole = self.signed(self.cases[0].native)
        for content_type in ("", "text/xml", "multipart/form-data", "application/json; charset=latin-1", "\x00"):
            mapped, status = answered(
                lambda told=content_type: self.provider.parse(received(whole, content_type=told), self.options)
            )
            assert status < 500
            assert mapped is None or mapped.records or mapped.rejected

    def test_half_characters_do_not_reach_the_log(self) -> None:
        native = json.loads(json.dumps(self.cases[0].native).replace("example.com", "ex\\ud800ample.com"))
        mapped = self.read(native)
        assert mapped.records or mapped.rejected
        roundtrip(mapped)

    @settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
    @given(value=json_values)
    def test_anything_is_answered_with_an_error_of_ours(self, value: object) -> None:
        self._survives(json.dumps(value).encode())

    @settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
    @given(body=st.binary(max_size=200))
    def test_any_bytes_are_answered_with_an_error_of_ours(self, body: bytes) -> None:
        self._survives(body)

    @settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
    @given(data=st.data())
    def test_events_with_strange_values_are_answered_with_an_error_of_ours(self, data: st.DataObject) -> None:
        native = data.draw(st.sampled_from([case.native for case in self.cases]))
        request = self.signed(changed(native, data.draw))
        self._survives(request.body)

    def _survives(self, body: bytes) -> None:
        for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            whole = received(SignedRequest(body), content_type=content_type)
            _, status = answered(
                lambda told=whole: self.provider.verify(told, self.secrets, self.options, self.evidence())
            )
            assert status in (200, 400, 401)
            mapped, status = answered(lambda told=whole: self.provider.parse(told, self.options))
            assert status in (200, 400)
            if mapped:
                roundtrip(mapped)


T = TypeVar("T")


def answered(call: Callable[[], T]) -> tuple[T | None, int]:
    """Return what a call returned and 200, or None and the status of our own error."""
    try:
        return call(), 200
    except SendlensError as error:
        return None, error.status


def changed(native: dict[str, object], draw: Callable[[st.SearchStrategy[object]], object]) -> dict[str, object]:
    """Return a payload with some of its values replaced by anything."""
    told = dict(native)
    for key, value in native.items():
        what = draw(st.sampled_from(["keep", "keep", "replace", "inside"]))
        if what == "replace":
            told[key] = draw(json_values)
        elif what == "inside" and isinstance(value, dict):
            told[key] = changed(value, draw)
    return told


def events(records: object) -> list[Event]:
    assert isinstance(records, list)
    assert all(isinstance(record, Event) for record in records)
    return records


def has(event: Event, field: str, provider: str) -> bool:
    """Tell whether an event carries a field; of metadata only what the sender gave counts."""
    told = getattr(event, field)
    if field == "metadata":
        return any(not name.startswith(f"{provider}.") for name in told)
    return told not in ("", None, 0, (), -1, False) or (field == "link_position" and told == 0)


def dataclass_replace(options: Options, **changes: object) -> Options:
    import msgspec

    return msgspec.structs.replace(options, **changes)
