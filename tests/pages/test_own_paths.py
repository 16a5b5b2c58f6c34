"""Addresses that came with a form or a link: one of our own pages, or the overview."""

import pytest

from sendlens.web.pages.state import Address, own_path


@pytest.mark.parametrize("text", ["//a.example", "/\\a.example", "/\t/a.example", "/\n/a.example", "\t//a.example", ""])
def test_what_a_browser_reads_as_another_site_becomes_the_overview(text: str) -> None:
    assert own_path(text) == "/"
    assert str(Address.read(text)) == "/"


def test_our_own_addresses_stay() -> None:
    assert own_path("/campaigns/a%5Cb?q=x") == "/campaigns/a%5Cb?q=x"
    assert str(Address.read("/campaigns?q=%C3%A9")) == "/campaigns?q=%C3%A9"
