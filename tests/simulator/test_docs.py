from sendlens.simulator.parameters import PARAMETERS
from tests.docs.pages import DOCS


def test_every_parameter_is_explained_in_the_words_of_the_code():
    page = (DOCS / "simulator.md").read_text(encoding="utf-8")
    wanted = [f"| `{name}` | {default:g} | {help_} |" for name, default, help_ in PARAMETERS]
    assert [row for row in wanted if row not in page] == []
    table = page.partition("| parameter | default | meaning |")[2]
    assert len([line for line in table.splitlines() if line.startswith("| `")]) == len(PARAMETERS)
