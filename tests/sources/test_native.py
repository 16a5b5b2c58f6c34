"""The native API's bodies: forms, records judged alone, and what is done with strange values."""

import json
from decimal import Decimal

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlens.errors import BadRequest, TooLarge, UnsupportedMediaType
from sendlens.model.events import LONGEST, MESSAGE_EVENTS, MOST_METADATA, Campaign, Event, EventType, Spend
from sendlens.sources import judge, native, rules
from sendlens.sources.currencies import CURRENCIES
from sendlens.sources.received import Mapped
from sendlens.sources.schema import FIELDS, event_schema
from tests.sources.contract import NOW, SLOW, answered, events, json_values, roundtrip

JSON = "application/json"
EVENT = {"type": "delivered", "id": "e-1", "recipient": "ada@example.com"}
CONVERSION = {"id": "c-1", "conversion_type": "purchase", "value": 12.5, "currency": "EUR"}


def parse(records: object, content_type: str = JSON, **more: object) -> Mapped:
    return native.parse_events(json.dumps(records).encode(), content_type, NOW, **more)  # pyright: ignore[reportArgumentType]


def one(**fields: object) -> Event:
    mapped = parse({**EVENT, **fields})
    assert not mapped.rejected, mapped.rejected
    return events(mapped.records)[0]


def refused(**fields: object) -> tuple[str, str]:
    mapped = parse({**EVENT, **fields})
    assert not mapped.records
    return mapped.rejected[0].field, mapped.rejected[0].error


class TestForms:
    def test_one_object_an_array_a_wrapper_and_lines_say_the_same(self) -> None:
        line = json.dumps(EVENT).encode()
        bodies = [
            (line, JSON),
            (b"[" + line + b"]", JSON),
            (b'{"events": [' + line + b"]}", "application/json; charset=utf-8"),
            (line + b"\n", "application/x-ndjson"),
            (b"\r\n" + line + b"\r\n\r\n", "application/x-ndjson"),
            (b"\xef\xbb\xbf" + line, JSON),
            (line, ""),
            (line, "text/plain"),
            (b"[" + line + b"]", "application/x-www-form-urlencoded"),
        ]
        for body, content_type in bodies:
            assert native.parse_events(body, content_type, NOW).records == [one()], (body, content_type)

    def test_lines_are_recognised_without_a_content_type(self) -> None:
        body = b"\n".join(json.dumps({**EVENT, "id": str(n)}).encode() for n in range(3))
        assert len(native.parse_events(body, "", NOW).records) == 3

    def test_the_wrapper_tells_when_it_was_sent(self) -> None:
        assert parse({"events": [EVENT], "sent_at": "2026-09-21T14:00:00Z"}).sent_at == 1_789_999_200_000

    @pytest.mark.parametrize("content_type", ["text/xml", "application/xml", "multipart/form-data", "image/png", "x"])
    def test_other_content_types_are_refused(self, content_type: str) -> None:
        with pytest.raises(UnsupportedMediaType):
            parse([EVENT], content_type)

    def test_a_cut_document_names_the_position(self) -> None:
        body = json.dumps([EVENT, EVENT]).encode()
        for end in (1, 5, 30, len(body) - 1):
            with pytest.raises(BadRequest, match=r"line 1, column \d+") as caught:
                native.parse_events(body[:end], JSON, NOW)
            assert "cut off" in caught.value.detail or end < 10

    @pytest.mark.parametrize(
        "body", [b"", b" \n", b"null", b"7", b'"x"', b"[1,2", b"{]", b"\xff", b"[NaN]", b"[-Infinity]"]
    )
    def test_what_is_no_document_is_refused(self, body: bytes) -> None:
        with pytest.raises(BadRequest):
            native.parse_events(body, JSON, NOW)

    def test_nesting_is_refused(self) -> None:
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000):
            with pytest.raises(BadRequest):
                native.parse_events(body, JSON, NOW)

    def test_a_nested_line_is_rejected_alone(self) -> None:
        good = json.dumps(EVENT).encode()
        mapped = native.parse_events(b"[" * 100_000 + b"\n" + good, "application/x-ndjson", NOW)
        assert (len(mapped.records), [no.index for no in mapped.rejected]) == (1, [0])

    def test_an_empty_array_is_nothing(self) -> None:
        assert parse([]) == Mapped(records=[])

    def test_too_many_records_are_refused(self) -> None:
        with pytest.raises(TooLarge):
            parse([EVENT] * 3, most=2)


class TestNeighbours:
    def test_bad_records_do_not_spoil_the_others(self) -> None:
        mapped = parse([EVENT, 7, {**EVENT, "value": -1}, None, {**EVENT, "id": "e-2"}, {}])
        assert [event.id for event in events(mapped.records)] == ["e-1", "e-2"]
        assert [(no.index, no.field) for no in mapped.rejected] == [(1, ""), (2, "value"), (3, ""), (5, "type")]

    def test_a_broken_line_is_rejected_alone(self) -> None:
        good = json.dumps(EVENT).encode()
        mapped = native.parse_events(b"\n".join([good, b'{"type": "open', b"x", good]), "application/x-ndjson", NOW)
        assert len(mapped.records) == 2
        assert [no.index for no in mapped.rejected] == [1, 2]
        assert "JSON" in mapped.rejected[0].error

    @pytest.mark.parametrize("bad", [b'"\\ud800"', b'"\xff\xfe"', b'"a\\u0000b"'])
    @pytest.mark.parametrize("content_type", [JSON, "application/x-ndjson"])
    def test_a_text_that_cannot_be_stored_is_rejected_alone(self, bad: bytes, content_type: str) -> None:
        lines = [json.dumps(EVENT).encode(), b'{"type": "opened", "id": "x", "recipient": ' + bad + b"}"]
        body = b"[" + b",".join(lines) + b"]" if content_type == JSON else b"\n".join(lines)
        mapped = native.parse_events(body, content_type, NOW)
        assert [event.id for event in events(mapped.records)] == ["e-1"]
        assert [(no.index, no.field) for no in mapped.rejected] == [(1, "recipient")]

    def test_a_diagnostic_text_is_mended_instead(self) -> None:
        event = one(smtp_reply="550 \ud800 no\0body")
        assert event.smtp_reply == "550 ? no\ufffdbody"
        assert one(subject="Gr\u00fc\u00dfe \U0001f600").subject == "Gr\u00fc\u00dfe \U0001f600"


class TestTypes:
    @pytest.mark.parametrize("name", judge.TYPES)
    def test_each_name_is_understood(self, name: str) -> None:
        event = one(type=name)
        assert event.type is judge.TYPES[name]
        assert event.native_type == ("" if name == event.type else name)

    @pytest.mark.parametrize("name", ["Delivered", " DELIVERED ", "spam-complaint"])
    def test_case_and_dashes_do_not_matter(self, name: str) -> None:
        assert one(type=name).type is not EventType.UNKNOWN

    def test_an_unknown_type_is_kept_with_everything_it_came_with(self) -> None:
        event = one(type="teleported", where={"x": [1, 2]}, how="fast")
        assert (event.type, event.native_type) == (EventType.UNKNOWN, "teleported")
        assert json.loads(event.raw)["where"] == {"x": [1, 2]}
        assert event.metadata == {"how": "fast"}

    @pytest.mark.parametrize("value", [None, "", "  ", 7, True, [], {}])
    def test_a_type_is_a_word(self, value: object) -> None:
        assert refused(type=value)[0] == "type"

    @pytest.mark.parametrize("type_", sorted(MESSAGE_EVENTS))
    def test_message_events_need_a_recipient(self, type_: str) -> None:
        assert refused(type=type_, recipient=None)[0] == "recipient"
        assert refused(type=type_, recipient=" ")[0] == "recipient"

    @pytest.mark.parametrize("type_", ["converted", "touched", "teleported"])
    def test_others_do_not(self, type_: str) -> None:
        assert one(type=type_, recipient="").recipient == ""


class TestTimes:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("2026-09-21T14:13:20Z", NOW),
            ("2026-09-21t14:13:20z", NOW),
            ("2026-09-21T16:13:20.5+02:00", NOW + 500),
            ("2026-09-21 14:13:20.123456789Z", NOW + 123),
            (1_790_000_000, NOW),
            (1_790_000_000.25, NOW + 250),
            (1_790_000_000_001, NOW + 1),
            ("1790000000", NOW),
            ("1790000000.5", NOW + 500),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000),
            (NOW + 365 * 86_400_000, NOW + 365 * 86_400_000),
            ("2000-01-01T00:00:00Z", 946_684_800_000),
        ],
    )
    def test_notations(self, value: object, expected: int) -> None:
        assert one(occurred_at=value).occurred_at == expected

    @pytest.mark.parametrize(
        "value",
        [
            "yesterday",
            "",
            "2026-09-21T14:13:20",
            "2026-09-21",
            "1999-12-31T23:59:59Z",
            0,
            -5,
            12,
            True,
            [],
            {},
            1e300,
            10**30,
            "9" * 400,
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+23:00",
            NOW + 367 * 86_400_000,
            1_790_000_000_000_000,
        ],
    )
    def test_what_is_no_sensible_time(self, value: object) -> None:
        assert refused(occurred_at=value)[0] == "occurred_at"

    def test_a_number_with_a_huge_exponent_costs_nothing(self) -> None:
        body = b'{"type":"delivered","recipient":"a","occurred_at":1E+999999}'
        assert native.parse_events(body, JSON, NOW).rejected[0].field == "occurred_at"

    def test_without_an_id_the_time_is_needed(self) -> None:
        field, error = refused(id=None)
        assert field == "occurred_at"
        assert "could not be recognised" in error
        assert "Idempotency-Key" in error

    def test_an_idempotency_key_gives_ids(self) -> None:
        mapped = parse([EVENT, {**EVENT, "id": ""}, {**EVENT, "id": None}], idempotency_key="k")
        assert [event.id for event in events(mapped.records)] == ["e-1", "k:1", "k:2"]


class TestMoney:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (12.5, "12.5"),
            ("12.50", "12.50"),
            (0, "0"),
            (0.1, "0.1"),
            ("0.00005", "0.0000"),
            (9_999_999_999_999, "9999999999999"),
        ],
    )
    def test_amounts(self, value: object, expected: str) -> None:
        assert one(value=value, currency="eur").value == Decimal(expected)
        assert one(value=value, currency="eur").currency == "EUR"

    @pytest.mark.parametrize("value", [-0.01, "-1", "x", "NaN", "Infinity", 1e14, True, [], {}, "1e99", ""])
    def test_no_amounts(self, value: object) -> None:
        assert refused(value=value, currency="EUR")[0] == "value"

    def test_an_amount_needs_its_currency(self) -> None:
        assert refused(value=1)[0] == "currency"

    @pytest.mark.parametrize("code", ["EURO", "XXX", "XTS", "€", "ZZZ", 5, ""])
    def test_unknown_currencies(self, code: object) -> None:
        assert refused(value=1, currency=code)[0] == "currency"

    def test_the_table_holds_codes(self) -> None:
        assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CURRENCIES)
        assert 150 < len(CURRENCIES) < 170
        assert {"EUR", "USD", "GBP", "JPY", "CHF", "INR", "BRL", "ZAR"} <= CURRENCIES


class TestTexts:
    @pytest.mark.parametrize("field", ["id", "message_id", "campaign_id", "recipient", "variant", "order_id"])
    def test_long_identifiers_are_refused(self, field: str) -> None:
        most = LONGEST.get(field, 256)
        assert getattr(one(**{field: "x" * most}), field) == "x" * most
        assert refused(**{field: "x" * (most + 1)})[0] == field

    @pytest.mark.parametrize("field", sorted(rules.CUT - {"name"}))
    def test_long_texts_are_cut(self, field: str) -> None:
        most = LONGEST.get(field, 256)
        assert getattr(one(**{field: "x" * (most + 9)}), field) == "x" * most

    def test_numbers_may_name_things(self) -> None:
        assert one(campaign_id=7, order_id=10**12).campaign_id == "7"

    @pytest.mark.parametrize("value", [True, [], {}])
    def test_other_values_may_not(self, value: object) -> None:
        assert refused(campaign_id=value)[0] == "campaign_id"

    def test_blanks_around_an_identifier_go(self) -> None:
        assert one(recipient=" ada@example.com\n").recipient == "ada@example.com"

    def test_null_means_not_told(self) -> None:
        assert one(**{name: None for name in FIELDS if name not in EVENT}) == one()


class TestOtherFields:
    @pytest.mark.parametrize(
        ("field", "good", "bad"),
        [
            ("smtp_code", [0, 550, "550", 550.0], [-1, 1000, "x", 5.5, True]),
            ("link_position", [-1, 0, 7], [-2, 99_999, "a"]),
            ("attempt", [0, 3], [-1, 2.5]),
            ("quantity", [1, 2**31 - 1], [2**31, -1, 1e30]),
            ("untracked", [True, False], ["yes", 1]),
            ("machine", [True, False], ["no", 0]),
            ("country", ["DE", "de", ""], ["Germany", "D1", 7]),
            ("ip", ["192.0.2.1", "2001:db8::1", ""], ["192.0.2", "x", 7, "1.2.3.4/8", "\0"]),
            ("bounce_class", ["hard", "Soft", ""], ["harder", 7]),
            ("tags", [["a"], [], "a", ["a", None]], [7, {}, ["x"] * 51, [["a"]]]),
            (
                "metadata",
                [{}, {"a": "b"}, {"a": 1, "b": True, "c": 1.5, "d": None}],
                [7, [], {"a": {}}, {"a": "x" * 257}],
            ),
        ],
    )
    def test_values(self, field: str, good: list[object], bad: list[object]) -> None:
        for value in good:
            one(**{field: value})
        for value in bad:
            assert refused(**{field: value})[0].partition(".")[0] == field, value

    def test_metadata_becomes_text(self) -> None:
        told = one(metadata={"a": 1, "b": True, "c": 1.5, "d": None, "e": "x"}).metadata
        assert told == {"a": "1", "b": "true", "c": "1.5", "e": "x"}

    def test_unknown_fields_are_kept_in_metadata(self) -> None:
        assert one(plan="gold", n=5, metadata={"a": "b"}).metadata == {"plan": "gold", "n": "5", "a": "b"}

    def test_unknown_fields_that_cannot_be_kept_are_told(self) -> None:
        field, error = refused(deep={"a": 1})
        assert field == "deep"
        assert "metadata" in error

    def test_too_much_metadata_is_refused(self) -> None:
        many = {f"k{n}": "v" for n in range(MOST_METADATA)}
        assert one(metadata=many).metadata == many
        assert refused(metadata={**many, "more": "v"})[0] == "metadata"
        assert refused(metadata=many, more="v")[0] == "metadata"


class TestOtherRecords:
    def test_a_conversion_is_a_converted_event(self) -> None:
        mapped = native.parse_conversions(
            json.dumps([CONVERSION, {**CONVERSION, "type": "signup"}]).encode(), JSON, NOW
        )
        first, second = events(mapped.records)
        assert (first.type, first.value, first.conversion_type) == (EventType.CONVERTED, Decimal("12.5"), "purchase")
        assert (second.type, second.conversion_type) == (EventType.CONVERTED, "purchase")

    def test_a_conversions_type_is_taken_as_its_kind(self) -> None:
        body = json.dumps({"type": "signup", "id": "s", "recipient": "ada@example.com"}).encode()
        (event,) = events(native.parse_conversions(body, JSON, NOW).records)
        assert (event.type, event.conversion_type) == (EventType.CONVERTED, "signup")

    def test_a_campaign(self) -> None:
        told = {"campaign_id": "c", "name": "Spring", "cost": 10, "currency": "USD", "total_sent": 5, "owner": "x"}
        mapped = native.parse_campaigns(
            json.dumps({"campaigns": [told, {}, {"campaign_id": "d", "cost": 1}]}).encode(), JSON, NOW
        )
        expected = Campaign(
            campaign_id="c",
            name="Spring",
            cost=Decimal(10),
            currency="USD",
            total_sent=5,
            metadata={"owner": "x"},
            changed_at=NOW,
        )
        assert mapped.records == [expected]
        assert [(no.index, no.field) for no in mapped.rejected] == [(1, "campaign_id"), (2, "currency")]

    def test_spend(self) -> None:
        told = {
            "campaign_id": "c",
            "channel": "search",
            "hour": "2026-09-21T14:59:00Z",
            "cost": "3.2",
            "currency": "EUR",
            "clicks": 4,
        }
        records = [told, {**told, "cost": 1, "currency": None}, {**told, "hour": None}, {**told, "colour": "red"}]
        mapped = native.parse_spend(json.dumps(records).encode(), JSON, NOW)
        assert mapped.records == [
            Spend(
                campaign_id="c",
                channel="search",
                hour=1_789_999_200_000,
                clicks=4,
                cost=Decimal("3.2"),
                currency="EUR",
                changed_at=NOW,
            )
        ]
        assert [(no.index, no.field) for no in mapped.rejected] == [(1, "currency"), (2, "hour"), (3, "colour")]


class TestSchema:
    def test_it_explains_every_field_and_no_other(self) -> None:
        fields = [field.encode_name for field in msgspec.structs.fields(Event)]
        assert list(FIELDS) == fields
        assert list(event_schema()["properties"]) == fields  # pyright: ignore[reportArgumentType] (a dict)

    def test_it_is_json(self) -> None:
        assert msgspec.json.decode(msgspec.json.encode(event_schema())) == event_schema()

    def test_a_valid_event_fits_and_others_do_not(self) -> None:
        validator = jsonschema_rs.Draft202012Validator(event_schema())
        full = {
            **EVENT,
            "value": "1.50",
            "currency": "EUR",
            "occurred_at": "2026-09-21T14:13:20Z",
            "tags": ["a"],
            "plan": 5,
        }
        assert validator.is_valid(full)
        for change in ({"smtp_code": 1000}, {"tags": [1]}, {"deep": {}}, {"value": -1}, {"id": "x" * 300}):
            assert not validator.is_valid({**full, **change}), change
        assert not validator.is_valid({"type": "delivered"})


field_values = st.dictionaries(
    st.sampled_from([*FIELDS, "extra", "x\ud800y", ""]),
    json_values
    | st.sampled_from(
        [NOW, "2026-09-21T14:13:20Z", "delivered", "converted", "EUR", "x" * 600, "\ud800", "\0", -1, 1e308]
    ),
    max_size=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=SLOW)
@given(records=st.lists(field_values, max_size=5))
def test_any_record_is_judged(records: list[dict[str, object]]) -> None:
    body = json.dumps(records).encode()
    for parse_ in (native.parse_events, native.parse_conversions):
        mapped = parse_(body, JSON, NOW)
        assert len(mapped.records) + len(mapped.rejected) == len(records)
        roundtrip(mapped)
    for parse_ in (native.parse_campaigns, native.parse_spend):
        mapped = parse_(body, JSON, NOW)
        assert len(mapped.records) + len(mapped.rejected) == len(records)
        msgspec.msgpack.encode(mapped.records)


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(body=st.binary(max_size=300), content_type=st.sampled_from([JSON, "", "application/x-ndjson", "text/plain"]))
def test_any_bytes_are_answered_with_an_error_of_ours(body: bytes, content_type: str) -> None:
    mapped, status = answered(lambda: native.parse_events(body, content_type, NOW))
    assert status in (200, 400, 415)
    if mapped:
        roundtrip(mapped)
