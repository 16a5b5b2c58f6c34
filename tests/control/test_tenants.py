"""Tenants."""

import pytest

from sendlens.clock import FrozenClock
from sendlens.control import Control
from sendlens.errors import InvalidField, NotFound


def test_a_tenant_is_found_by_slug_and_id(control: Control, clock: FrozenClock) -> None:
    tenant = control.tenants.create("acme", " Acme Ltd ", "Europe/Berlin", "EUR")
    assert (tenant.slug, tenant.name, tenant.time_zone, tenant.currency) == ("acme", "Acme Ltd", "Europe/Berlin", "EUR")
    assert tenant.created_at == clock.now_ms()
    assert tenant.id.startswith("t_")
    assert len(tenant.id) == 14
    assert control.tenants.get("acme") == control.tenants.get(tenant.id) == tenant
    assert control.tenants.list() == [tenant]


def test_a_tenant_begins_with_a_source_of_its_own(control: Control) -> None:
    tenant = control.tenants.create("acme", "Acme")
    source = control.sources.named(tenant.id, "api")
    assert (source.tenant, source.provider, source.secrets) == (tenant.id, "api", ())


def test_an_unknown_tenant_is_not_found_until_it_is_created(control: Control) -> None:
    with pytest.raises(NotFound, match="'acme'"):
        control.tenants.get("acme")
    control.tenants.create("acme", "Acme")
    assert control.tenants.get("acme").name == "Acme"


def test_update_changes_what_is_given(control: Control) -> None:
    tenant = control.tenants.create("acme", "Acme")
    changed = control.tenants.update("acme", new_name="Acme Inc", slug="acme-inc", currency="GBP")
    assert (changed.id, changed.name, changed.slug, changed.currency, changed.time_zone) == (
        tenant.id,
        "Acme Inc",
        "acme-inc",
        "GBP",
        "UTC",
    )
    assert control.tenants.get(tenant.id) == changed
    with pytest.raises(NotFound):
        control.tenants.get("acme")


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("slug", ("Acme", "Acme")),
        ("slug", ("-acme", "Acme")),
        ("slug", ("t_acme", "Acme")),
        ("slug", ("", "Acme")),
        ("name", ("acme", "  ")),
        ("time_zone", ("acme", "Acme", "Berlin")),
        ("currency", ("acme", "Acme", "UTC", "eur")),
    ],
)
def test_values_are_judged(control: Control, field: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidField) as found:
        control.tenants.create(*arguments)
    assert found.value.field == field
    assert control.tenants.list() == []


def test_a_slug_is_used_once(control: Control) -> None:
    control.tenants.create("acme", "Acme")
    control.tenants.create("other", "Other")
    with pytest.raises(InvalidField, match="another tenant has it"):
        control.tenants.create("acme", "Acme again")
    with pytest.raises(InvalidField, match="another tenant has it"):
        control.tenants.update("other", slug="acme")
    assert {tenant.slug for tenant in control.tenants.list()} == {"acme", "other"}
