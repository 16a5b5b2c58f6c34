"""Who may do what: one table of actions, and the least role that each of them needs.

Owns the roles, the table, and the check that pages, API and commands share. Leaves to `users` who has which role.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from sendlens.errors import Forbidden, InvalidField


class Role(StrEnum):
    """What somebody is to a tenant; each may do what those before it may."""

    GUEST = "guest"
    """A reader without an account, such as the holder of a shared link. Nobody can be given this role."""
    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


GIVEN: Final = (Role.ADMIN, Role.ANALYST, Role.VIEWER)
"""The roles that a person can have, the mightiest first."""


class Permission(NamedTuple):
    """The least role for an action, and the action in words that go on after "may"."""

    least: Role
    help: str


PERMISSIONS: Final[dict[str, Permission]] = {
    "see_figures": Permission(Role.GUEST, "see figures, charts and campaigns"),
    "see_people": Permission(Role.VIEWER, "see recipients, their messages and what they did"),
    "see_intake": Permission(Role.VIEWER, "see what was received, what was rejected and why"),
    "save_views": Permission(Role.ANALYST, "save views and share them by link"),
    "annotate": Permission(Role.ANALYST, "write notes into charts, and take them away"),
    "export_people": Permission(Role.ANALYST, "save lists of recipients as files"),
    "manage_sources": Permission(Role.ADMIN, "make, change and delete sources, and send test events"),
    "import_files": Permission(Role.ADMIN, "import events from files"),
    "manage_keys": Permission(Role.ADMIN, "make and revoke API keys"),
    "manage_people": Permission(Role.ADMIN, "invite people, change their roles and take them out"),
    "replay_dead_letters": Permission(
        Role.ADMIN, "see the content of dead letters and rejects, and replay or let in again"
    ),
    "erase_people": Permission(Role.ADMIN, "export and erase everything about a recipient"),
    "change_tenant": Permission(Role.ADMIN, "change the tenant's name, time zone and currency"),
    "read_audit": Permission(Role.ADMIN, "read the audit"),
}
"""Every action that not everybody may do. This is the only place that says who may."""

KEY_ROLES: Final = {"read": Role.ANALYST, "admin": Role.ADMIN}
"""What an API key is to its tenant, by its scope. A key with neither sees nothing."""

_ORDER: Final = tuple(Role)


def given(name: str) -> Role:
    """Return the role of this name. Raises `InvalidField` for one that nobody can be given."""
    known = {one.value: one for one in GIVEN}
    if name not in known:
        raise InvalidField("role", name, f"one of {', '.join(known)}")
    return known[name]


def may(role: Role, action: str) -> bool:
    """Return whether a role allows an action. Raises `KeyError` for an action that is not in the table."""
    return _ORDER.index(role) >= _ORDER.index(PERMISSIONS[action].least)


def must(role: Role, action: str) -> None:
    """Raise `Forbidden` unless the role allows the action."""
    if not may(role, action):
        needed = PERMISSIONS[action]
        raise Forbidden(
            f"only {_those(needed.least)} may {needed.help}",
            hint=f"You are here as {_article(role)}. An admin of the tenant can change that.",
        )


def _those(least: Role) -> str:
    names = [f"{role.value}s" for role in _ORDER[_ORDER.index(least) :]]
    return " and ".join(names)


def _article(role: Role) -> str:
    return f"{'an' if role.value[0] in 'aeiou' else 'a'} {role.value}"
