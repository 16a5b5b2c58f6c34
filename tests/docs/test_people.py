"""`docs/people.md` has the table of permissions and the deeds of the audit, in the words of the code."""

from sendlens.control.audit import DEEDS
from sendlens.control.roles import PERMISSIONS, Role, may
from tests.docs.pages import DOCS


def rows() -> list[str]:
    permissions = [
        f"| `{action}`: {one.help} | {' | '.join('yes' if may(role, action) else '' for role in Role)} |"
        for action, one in PERMISSIONS.items()
    ]
    return permissions + [f"| `{deed}` | {words} |" for deed, words in DEEDS.items()]


def test_the_page_has_every_permission_and_every_deed() -> None:
    page = (DOCS / "people.md").read_text(encoding="utf-8")
    wanted = rows()
    missing = [row for row in wanted if row not in page]
    assert not missing, "\n".join(["docs/people.md lacks:", *missing])
    assert sum(line.startswith("| `") for line in page.splitlines()) == len(wanted)
