"""API keys."""

import pytest

from sendlens.clock import FrozenClock
from sendlens.control import Control
from sendlens.errors import InvalidField, NotFound
from tests.control.conftest import SECRET_KEY


def test_a_key_is_shown_once_and_found_by_its_text(control: Control, tenant: str) -> None:
    key, secret = control.keys.create(tenant, "site", ["read", "ingest"])
    assert secret.startswith("sl_acme_")
    assert secret.startswith(key.starts)
    assert len(secret) - len(key.starts) >= 32
    assert key.scopes == ("ingest", "read")
    assert control.keys.find(secret) == key
    assert control.keys.list(tenant) == [key]
    assert secret not in repr(key)


def test_scopes_do_not_contain_each_other(control: Control, tenant: str) -> None:
    key, _ = control.keys.create(tenant, "admin only", ["admin"])
    assert [key.allows(scope) for scope in ("admin", "read", "ingest")] == [True, False, False]


def test_a_text_that_is_no_key_finds_nothing(control: Control, tenant: str) -> None:
    _, secret = control.keys.create(tenant, "site", ["read"])
    for wrong in ("", "sl_acme_", secret[:-1], secret + "x", secret.upper(), "\ud800", "x" * 100_000):
        assert control.keys.find(wrong) is None


def test_revocation_works_at_once_here_and_within_a_second_elsewhere(
    control: Control, control_url: str, tenant: str, clock: FrozenClock
) -> None:
    key, secret = control.keys.create(tenant, "site", ["read"])
    with Control.open(control_url, SECRET_KEY, clock) as elsewhere:
        assert elsewhere.keys.find(secret) is not None
        revoked = control.keys.revoke(key.id)
        assert revoked.revoked_at == clock.now_ms()
        assert control.keys.find(secret) is None
        clock.advance(0.999)
        assert elsewhere.keys.find(secret) is not None, "the answer of the last second is kept"
        clock.advance(0.001)
        assert elsewhere.keys.find(secret) is None


def test_a_key_in_use_is_known_at_once_and_renewed_in_time(
    control: Control, control_url: str, tenant: str, clock: FrozenClock
) -> None:
    key, secret = control.keys.create(tenant, "site", ["ingest"])
    with Control.open(control_url, SECRET_KEY, clock) as elsewhere:
        assert control.keys.remembered(secret) is None
        control.keys.find(secret)
        assert control.keys.remembered(secret) == (key, False)
        clock.advance(0.6)
        assert control.keys.remembered(secret) == (key, True)
        assert control.keys.remembered(secret) == (key, False), "one caller renews it"
        control.keys.renew(secret)
        clock.advance(0.6)
        assert control.keys.remembered(secret) == (key, True), "more than a second after it was found"
        elsewhere.keys.revoke(key.id)
        control.keys.renew(secret)
        assert control.keys.remembered(secret) == (None, False)
        clock.advance(1.0)
        assert control.keys.remembered(secret) is None


def test_a_key_made_elsewhere_works_within_a_second(
    control: Control, control_url: str, tenant: str, clock: FrozenClock
) -> None:
    secret = "a-key-chosen-by-the-operator"
    with Control.open(control_url, SECRET_KEY, clock) as elsewhere:
        assert elsewhere.keys.find(secret) is None
        control.keys.adopt(tenant, secret, "chosen", ["read"])
        assert control.keys.find(secret) is not None
        clock.advance(1)
        assert elsewhere.keys.find(secret) is not None


def test_unknown_keys_do_not_fill_the_memory(control: Control, tenant: str) -> None:
    control.keys._recent._size = 50
    for number in range(200):
        assert control.keys.find(f"guess-{number}") is None
    assert len(control.keys._recent._answers) == 50


def test_a_revoked_key_stays_listed_and_revoking_twice_changes_nothing(
    control: Control, tenant: str, clock: FrozenClock
) -> None:
    key, _ = control.keys.create(tenant, "site", ["read"])
    first = control.keys.revoke(key.id)
    clock.advance(5)
    assert control.keys.revoke(key.id) == first
    assert control.keys.list(tenant) == [first]


def test_a_key_of_another_tenant_is_not_found(control: Control, tenant: str) -> None:
    other = control.tenants.create("other", "Other").id
    key, secret = control.keys.create(tenant, "site", ["read"])
    with pytest.raises(NotFound):
        control.keys.revoke(key.id, tenant=other)
    with pytest.raises(NotFound):
        control.keys.revoke("key_unknown")
    assert control.keys.find(secret) == key


def test_the_time_of_use_is_written_together(control: Control, tenant: str, clock: FrozenClock) -> None:
    key, secret = control.keys.create(tenant, "site", ["read"])
    for _ in range(3):
        clock.advance(1)
        control.keys.find(secret)
    assert control.keys.list(tenant)[0].last_used_at == 0
    control.flush()
    assert control.keys.list(tenant)[0].last_used_at == clock.now_ms()
    assert control.keys.list(tenant)[0].id == key.id


def test_values_are_judged(control: Control, tenant: str) -> None:
    with pytest.raises(InvalidField, match="ingest, read, admin"):
        control.keys.create(tenant, "site", ["write"])
    with pytest.raises(InvalidField, match="scopes"):
        control.keys.create(tenant, "site", [])
    with pytest.raises(InvalidField, match="name"):
        control.keys.create(tenant, " ", ["read"])
    with pytest.raises(NotFound):
        control.keys.create("t_unknown", "site", ["read"])


def test_an_adopted_key_is_never_repeated_in_an_error(control: Control, tenant: str) -> None:
    with pytest.raises(InvalidField) as short:
        control.keys.adopt(tenant, "too-short", "chosen", ["read"])
    assert "too-short" not in str(short.value)
    control.keys.adopt(tenant, "long-enough-but-taken", "chosen", ["read"])
    with pytest.raises(InvalidField) as taken:
        control.keys.adopt(tenant, "long-enough-but-taken", "chosen", ["read"])
    assert "long-enough-but-taken" not in str(taken.value)
