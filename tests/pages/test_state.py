"""Addresses of pages: one view has one address, and whatever is typed comes back as it was."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from sendlens.metrics.filters import Filter, parse_filters
from sendlens.web.pages.state import Address


def test_order_of_parameters_does_not_matter() -> None:
    one = Address.of("/", [("metric", "sent"), ("period", "7d"), ("unknown", "x"), ("compare", "")])
    assert str(one) == "/?period=7d&metric=sent"


def test_filter_is_added_once_and_taken_away() -> None:
    address = Address.of("/", [("f", "is,provider,gmail"), ("page", "3")])
    more = address.plus_filter("is,device,mobile")
    assert str(more) == "/?f=is,provider,gmail&f=is,device,mobile"
    assert more.plus_filter("is,device,mobile") == more
    assert str(more.minus_filter(0)) == "/?f=is,device,mobile"


def test_question_travels_and_the_view_stays() -> None:
    address = Address.of("/", [("period", "7d"), ("audience", "segment"), ("page", "2"), ("tenant", "shop")])
    assert str(address.at("/campaigns")) == "/campaigns?tenant=shop&period=7d"
    assert address.panel("audience") == "/panels/audience?tenant=shop&period=7d&audience=segment&page=2"


def test_page_of_a_campaign_does_not_name_it_twice() -> None:
    address = Address.of("/campaigns/a%2Fb", [("campaign", "a/b"), ("window", "life")])
    assert str(address) == "/campaigns/a%2Fb?window=life"
    assert "campaign=a%2Fb" in address.panel("campaign")


@given(st.text(min_size=1, max_size=60))
def test_any_value_survives_the_way_through_a_link(value: str) -> None:
    text = Filter("is", "campaign", (value,)).text()
    link = str(Address.of("/", []).plus_filter(text))
    pairs = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    assert parse_filters(value for name, value in pairs if name == "f") == (Filter("is", "campaign", (value,)),)
