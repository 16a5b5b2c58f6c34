"""`sendlens user`: accounts from the command line."""

from collections.abc import Callable
from typing import Any


def test_accounts_roles_and_links(call: Callable[..., Any]) -> None:
    call("tenant", "create", "acme")
    made = call("user", "create", "ada@example.com", "--tenant", "acme")
    assert "/invitation/" in made.out
    assert "acme: admin" in call("user", "list").out
    assert call("user", "role", "ada@example.com", "acme", "viewer").code == 2, "the last admin"
    call("user", "create", "op@example.com", "--operator", "--password", "lantern otter seven")
    call("user", "role", "op@example.com", "acme", "admin")
    assert call("user", "role", "ada@example.com", "acme", "none").code == 0
    assert "/invitation/" in call("user", "reset", "ada@example.com").out
    assert call("user", "delete", "ada@example.com").code == 0
    assert "ada@example.com" not in call("user", "list").out
    assert "one of admin, analyst, viewer" in call("user", "role", "op@example.com", "acme", "king").err
