"""`docs/events.md` explains every type and field in the words of the code."""

import msgspec

from sendlens.model.events import EVENT_TYPE_HELP, Event, EventType
from sendlens.sources.judge import TYPES
from sendlens.sources.schema import FIELDS
from sendlens.web.intake.app import ROUTES
from tests.docs.pages import DOCS, documented


def rows(page: str) -> dict[str, str]:
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def test_every_type_and_field_is_explained() -> None:
    documented("events.md", [*EventType, *(field.encode_name for field in msgspec.structs.fields(Event))])


def test_the_words_are_those_of_the_code() -> None:
    told = rows("events.md")
    for name, meaning in {**EVENT_TYPE_HELP, **FIELDS}.items():
        assert f"| {meaning} |" in told[name], name


def test_other_names_of_types_are_told() -> None:
    told = rows("events.md")
    for name, known in TYPES.items():
        assert name == known or f"`{name}`" in told[known], name


def test_every_address_of_the_intake_is_explained() -> None:
    page = (DOCS / "intake.md").read_text(encoding="utf-8")
    for path in (*ROUTES, "/hooks/{provider}/{source}"):
        assert f"POST {path}`" in page, path
