"""Every kind of source has steps and words for its options; what a form offers is what the kind has."""

import msgspec
import pytest

from sendlens.sources.kinds import API, KINDS
from sendlens.sources.setups import ALL_SETUPS, OWN_SETUPS, option_words


def test_every_kind_can_be_set_up() -> None:
    assert set(ALL_SETUPS) == KINDS.keys() - {API}


@pytest.mark.parametrize("kind", ALL_SETUPS)
def test_a_form_offers_options_that_the_kind_has(kind: str) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(KINDS[kind].options)}
    assert option_words(kind).keys() <= known
    for step in ALL_SETUPS[kind].steps:
        step.format(address="", source="")


@pytest.mark.parametrize("kind", OWN_SETUPS)
def test_nothing_of_our_own_is_left_out(kind: str) -> None:
    options = KINDS[kind].options
    own = set(options.__struct_fields__) - set(KINDS[API].options.__struct_fields__)
    assert own <= option_words(kind).keys()
