"""The grammar of filters: what is read, what is refused with which words, and that writing undoes reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.errors import InvalidField
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import MOST_FILTERS, OPERATORS, Filter, parse_filter, parse_filters


def test_a_filter_has_an_operator_a_dimension_and_values() -> None:
    assert parse_filter("is,provider,gmail") == Filter("is", "provider", ("gmail",))
    assert parse_filter("is_not,campaign,a|b|a") == Filter("is_not", "campaign", ("a", "b"))
    assert parse_filter("is,variant,") == Filter("is", "variant", ("",))
    assert parse_filter("contains,link,a,b") == Filter("contains", "link", ("a,b",))


def test_a_backslash_keeps_a_bar_in_a_value() -> None:
    assert parse_filter(r"is,segment,a\|b|c\,d|e\\|C:\x").values == ("a|b", "c,d", "e\\", r"C:\x")


@given(
    st.sampled_from(sorted(OPERATORS)),
    st.sampled_from([key for key, one in DIMENSIONS.items() if one.filterable]),
    st.lists(st.text(alphabet=st.sampled_from("ab,|\\ %&é"), min_size=1), min_size=1, max_size=4, unique=True),
)
def test_writing_undoes_reading(operator: str, dimension: str, values: list[str]) -> None:
    written = Filter(operator, dimension, tuple(values))  # type: ignore[arg-type]  # taken from the table
    assert parse_filter(written.text()) == written


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "operator,dimension,value"),
        ("is,provider", "operator,dimension,value"),
        ("equals,provider,gmail", "is, is_not, contains, contains_not"),
        ("is,colour,red", "campaign, provider"),
        ("is,day,2026-11-01", "choose a period"),
        ("contains,link,", "a text to look for"),
        ("is,provider," + "|".join(map(str, range(200))), "at most 100 values"),
    ],
)
def test_mistakes_say_what_is_accepted(text: str, words: str) -> None:
    with pytest.raises(InvalidField, match=words) as mistake:
        parse_filters([text])
    assert mistake.value.field == "f"


def test_the_same_filter_twice_is_one() -> None:
    assert len(parse_filters(["is,provider,gmail"] * 3)) == 1
    with pytest.raises(InvalidField, match="at most"):
        parse_filters([f"is,provider,{i}" for i in range(MOST_FILTERS + 1)])
