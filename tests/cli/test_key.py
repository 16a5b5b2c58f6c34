"""`sendlens key`."""

from pathlib import Path

from sendlens.control import Control, load_secret_key
from sendlens.settings import Settings
from tests.cli.conftest import Call


def opened(data: Path) -> Control:
    settings = Settings(data=data)
    return Control.open(settings.control_url, load_secret_key(settings))


def test_a_key_works_until_it_is_revoked(call: Call, data: Path) -> None:
    call("tenant", "create", "acme")
    answer = call("key", "create", "acme", "shop", "--scope", "read", "--scope", "admin")
    secret = answer.out.strip()
    assert secret.startswith("sl_acme_")
    assert secret not in answer.err
    with opened(data) as control:
        key = control.keys.find(secret)
    assert key is not None
    assert (key.name, key.scopes) == ("shop", ("read", "admin"))
    assert key.id in answer.err
    assert call("key", "revoke", key.id).code == 0
    with opened(data) as control:
        assert control.keys.find(secret) is None


def test_a_running_server_learns_of_it(call: Call, data: Path) -> None:
    call("tenant", "create", "acme")
    with opened(data) as server:
        secret = call("key", "create", "acme", "shop", "--json").json["secret"]
        assert server.keys.find(secret) is not None


def test_the_list_never_shows_a_key(call: Call) -> None:
    call("tenant", "create", "acme")
    made = call("key", "create", "acme", "shop", "--json").json
    for answer in (call("key", "list", "acme"), call("key", "list", "acme", "--json")):
        assert made["key"]["id"] in answer.out
        assert made["secret"] not in answer.out
    assert call("key", "list", "acme", "--json").json == [made["key"]]


def test_a_wrong_scope_is_explained(call: Call) -> None:
    call("tenant", "create", "acme")
    answer = call("key", "create", "acme", "shop", "--scope", "write")
    assert answer.code == 2
    assert "ingest, read, admin" in answer.err
