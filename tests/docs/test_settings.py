"""`docs/settings.md` has one row per setting, with the default, the accepted values and the help of the code."""

from sendlens.settings import FIELDS, NOT_SETTINGS, Field
from tests.docs.pages import DOCS, documented


def row(field: Field) -> str:
    default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    shown = f"`{default}`" if default else "empty"
    accepts = field.accepts.replace("|", "\\|")
    return f"| `{field.variable}` | {shown} | {accepts} | {field.help} |"


def test_every_variable_is_explained() -> None:
    documented("settings.md", [*(field.variable for field in FIELDS), *NOT_SETTINGS])


def test_rows_agree_with_the_code() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8").splitlines()
    wrong = [row(field) for field in FIELDS if row(field) not in page]
    assert not wrong, "docs/settings.md needs these rows:\n" + "\n".join(wrong)
