"""The table of permissions, read as a person would read it."""

import pytest

from sendlens.control.roles import GIVEN, PERMISSIONS, Role, may, must
from sendlens.errors import Forbidden


def allowed(role: Role) -> set[str]:
    return {action for action in PERMISSIONS if may(role, action)}


def test_each_role_may_what_those_below_it_may() -> None:
    assert allowed(Role.GUEST) == {"see_figures"}
    assert allowed(Role.VIEWER) == {"see_figures", "see_people", "see_intake"}
    assert allowed(Role.ANALYST) == allowed(Role.VIEWER) | {"save_views", "annotate", "export_people"}
    assert allowed(Role.ADMIN) == set(PERMISSIONS)
    assert Role.GUEST not in GIVEN


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(Forbidden, match="only admins may make and revoke API keys"):
        must(Role.ANALYST, "manage_keys")
    with pytest.raises(Forbidden, match="only analysts and admins may save views"):
        must(Role.VIEWER, "save_views")
    must(Role.ADMIN, "manage_keys")


def test_a_misspelt_action_is_no_permission() -> None:
    with pytest.raises(KeyError):
        may(Role.ADMIN, "manage_kyes")
