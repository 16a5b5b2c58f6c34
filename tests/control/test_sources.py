"""Sources and their secrets."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from sendlens.clock import FrozenClock
from sendlens.control import Control
from sendlens.control.administration import COMMAND, Administration
from sendlens.errors import InvalidField, NotFound, SettingsError
from tests.control.conftest import SECRET_KEY


def test_a_source_is_found_by_id_and_by_name(control: Control, tenant: str) -> None:
    source = control.sources.create(tenant, "sendgrid", "sendgrid", {"keep_raw": True}, ["key one"])
    assert source.id.startswith("src_")
    assert len(source.id) == 24
    assert control.sources.get(source.id) == control.sources.named(tenant, "sendgrid") == source
    assert source.settings == {"keep_raw": True}
    assert source.revealed() == ["key one"]
    assert {each.name for each in control.sources.list(tenant)} == {"api", "sendgrid"}


def test_a_secret_does_not_show_itself(control: Control, tenant: str) -> None:
    source = control.sources.create(tenant, "sendgrid", "sendgrid", {}, ["very-secret-value"])
    assert "very-secret-value" not in repr(source)
    assert "very-secret-value" not in f"{source.secrets[0]} {source.secrets!r}"
    assert source.public()["secrets"] == 1
    assert "very-secret-value" not in str(msgspec.json.encode(source.public()))
    with pytest.raises(TypeError):
        msgspec.json.encode(source)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"mailbox": "imaps://ada@imap.example.com/Other", "every_seconds": 600}, True),
        ({"mailbox": "imaps://ada@evil.example/INBOX"}, False),
        ({"mailbox": "imap://ada@imap.example.com/INBOX"}, False),
        ({"mailbox": "imaps://ada@imap.example.com:1993/INBOX"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_password_is_not_shown_to_another_host_than_it_was_set_for(
    control: Control, tenant: str, options: dict[str, object], kept: bool
) -> None:
    desk = Administration(control, control.tenants.get(tenant), COMMAND)
    source = desk.create_source("", "mail", {"mailbox": "imaps://ada@imap.example.com/INBOX"}, ["new", "old"])
    changed = desk.change_source(source.id, options)
    assert changed.revealed() == (["new", "old"] if kept else [])
    assert desk.rotate_source(source.id, "fresh").revealed()[0] == "fresh"


def test_rotation_keeps_two_secrets_valid_until_the_old_one_is_retired(
    control: Control, tenant: str, clock: FrozenClock
) -> None:
    source = control.sources.create(tenant, "sendgrid", "sendgrid", {}, ["one"])
    clock.advance(10)
    assert control.sources.rotate(source.id, "two").revealed() == ["two", "one"]
    assert control.sources.rotate(source.id, "three").revealed() == ["three", "two"]
    assert control.sources.get(source.id).rotated_at == clock.now_ms()
    assert control.sources.retire(source.id).revealed() == ["three"]


def test_a_rotation_is_seen_elsewhere_within_a_second(
    control: Control, control_url: str, tenant: str, clock: FrozenClock
) -> None:
    source = control.sources.create(tenant, "sendgrid", "sendgrid", {}, ["one"])
    with Control.open(control_url, SECRET_KEY, clock) as elsewhere:
        assert elsewhere.sources.get(source.id).revealed() == ["one"]
        control.sources.rotate(source.id, "two")
        clock.advance(1)
        assert elsewhere.sources.get(source.id).revealed() == ["two", "one"]


def test_settings_are_replaced(control: Control, tenant: str) -> None:
    source = control.sources.create(tenant, "sendgrid", "sendgrid", {"keep_raw": True})
    changed = control.sources.configure(source.id, {"campaign_from": ["category"]})
    assert changed.settings == {"campaign_from": ["category"]}
    assert changed.rotated_at == 0


def test_the_time_of_the_last_event_is_written_together(control: Control, tenant: str, clock: FrozenClock) -> None:
    source = control.sources.create(tenant, "sendgrid", "sendgrid")
    for ms in (5, 9, 7):
        control.sources.touch(source.id, ms)
    control.flush()
    clock.advance(1)
    assert control.sources.get(source.id).last_event_at == 9


def test_names_are_unique_within_a_tenant(control: Control, tenant: str) -> None:
    other = control.tenants.create("other", "Other").id
    control.sources.create(tenant, "mail", "sendgrid")
    control.sources.create(other, "mail", "sendgrid")
    with pytest.raises(InvalidField, match="name"):
        control.sources.create(tenant, "mail", "postmark")
    with pytest.raises(InvalidField):
        control.sources.create("t_unknown", "mail", "postmark")


def test_what_does_not_exist_is_not_found(control: Control, tenant: str) -> None:
    for ask in (
        lambda: control.sources.get("src_unknown"),
        lambda: control.sources.named(tenant, "unknown"),
        lambda: control.sources.rotate("src_unknown", "x"),
        lambda: control.sources.retire("src_unknown"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_secrets_are_judged_without_being_repeated(control: Control, tenant: str) -> None:
    with pytest.raises(InvalidField) as found:
        control.sources.create(tenant, "mail", "sendgrid", {}, ["one", "two", "three"])
    assert "two" not in str(found.value)
    with pytest.raises(InvalidField, match="secret"):
        control.sources.create(tenant, "mail", "sendgrid", {}, [""])


def test_a_secret_moved_to_another_source_does_not_open(control: Control, tenant: str, clock: FrozenClock) -> None:
    control.sources.create(tenant, "one", "sendgrid", {}, ["secret of one"])
    two = control.sources.create(tenant, "two", "sendgrid", {}, ["secret of two"])
    with control.database.write() as connection:
        connection.execute(
            text("UPDATE sources SET secret = (SELECT secret FROM sources WHERE name = 'one') WHERE name = 'two'")
        )
    clock.advance(1)
    with pytest.raises(SettingsError, match=two.id):
        control.sources.get(two.id)


def test_neither_keys_nor_secrets_are_in_the_database_file(tmp_path: Path) -> None:
    with Control.open(f"sqlite:///{tmp_path}/control.sqlite", SECRET_KEY) as control:
        tenant = control.tenants.create("acme", "Acme").id
        _, key = control.keys.create(tenant, "findable-name", ["read"])
        control.keys.adopt(tenant, "operators-own-key-1234", "chosen", ["read"])
        source = control.sources.create(tenant, "mail", "sendgrid", {}, ["secret-one-5678"])
        control.sources.rotate(source.id, "secret-two-5678")
        while_open = files(tmp_path)
    closed = files(tmp_path)
    for found in (while_open, closed):
        assert b"findable-name" in found
        for hidden in (key, key[12:], "operators-own-key-1234", "secret-one-5678", "secret-two-5678"):
            assert hidden.encode() not in found
            assert hidden.encode().hex().encode() not in found
        assert SECRET_KEY not in found


def test_neither_keys_nor_secrets_are_in_a_dump_of_postgresql(postgres_url: str) -> None:
    with Control.open(postgres_url.replace("postgresql://", "postgresql+psycopg://"), SECRET_KEY) as control:
        tenant = control.tenants.create("acme", "Acme").id
        _, key = control.keys.create(tenant, "site", ["read"])
        control.sources.create(tenant, "mail", "sendgrid", {}, ["secret-one-5678"])
        with control.database.read() as connection:
            rows = b"".join(
                bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
                for table in ("tenants", "api_keys", "sources", "facts")
                for row in connection.execute(text(f"SELECT * FROM {table}"))
                for value in row
            )
    assert b"acme" in rows
    assert key.encode() not in rows
    assert b"secret-one-5678" not in rows


def files(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.iterdir())


def test_a_post_to_the_api_lights_the_source_it_names(control: Control, tenant: str) -> None:
    source = control.sources.named(tenant, "api")
    control.sources.heard_of(tenant, "api", 1234)
    control.sources.heard_of(tenant, "a name nobody made", 1234)
    control.sources.flush()
    assert control.sources.get(source.id).last_event_at == 1234
