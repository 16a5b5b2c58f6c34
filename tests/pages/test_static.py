"""The files of the pages: the style sheet made of its parts."""

from sendlens.web.pages.static import STYLE_SHEET, files


def test_every_style_sheet_is_part_of_the_one_that_is_sent() -> None:
    left = [name for name in files() if name.endswith(".css") and name != STYLE_SHEET]
    assert left == []


def test_variables_come_first_and_print_comes_last() -> None:
    text = files()[STYLE_SHEET].body.decode()
    assert text.index("--ground:") < text.index("box-sizing") < text.index(".tile") < text.index("@media print")
