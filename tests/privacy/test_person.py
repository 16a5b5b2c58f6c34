"""Finding an address in texts and bytes: in every form it has, and not in a longer one."""

import re

import pytest

from sendlens.errors import InvalidField
from sendlens.privacy.person import person_of

ANNA = person_of("t", " Anna+x@Example.org ")
HERS = (
    "anna+x@example.org",
    "550 no user <ANNA+X@EXAMPLE.ORG>",
    "https://x.example/?m=anna%2Bx%40example.org&c=1",
    "https://x.example/?next=m%3Danna%2bx%40example.org",
    "we wrote to anna+x@example.org.",
)
NOT_HERS = (
    "joanna+x@example.org",
    "jo.anna+x@example.org",
    "anna+x@example.org.au",
    "anna+x@example.organic",
    "anna+x@exampleXorg",
    "anna@example.org",
)


@pytest.mark.parametrize("text", HERS)
def test_is_found(text: str) -> None:
    assert re.search(ANNA.pattern, text)
    assert ANNA.among(text.encode())


@pytest.mark.parametrize("text", NOT_HERS)
def test_is_not_found(text: str) -> None:
    assert not re.search(ANNA.pattern, text)
    assert not ANNA.among(text.encode())


def test_a_length_in_front_that_looks_like_a_letter_is_no_letter() -> None:
    long = person_of("t", "a" * 54 + "@example.org")
    assert long.among(b"B" + long.recipient.encode() + b"\x04next")
    assert not long.among(b"C" + long.recipient.encode() + b"\x04next")


@pytest.mark.parametrize("text", ["", "  ", "x" * 513])
def test_nobody_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        person_of("t", text)
