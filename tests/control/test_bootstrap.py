"""The first start."""

from sendlens.control import SCOPES, Control, ensure_first_tenant
from sendlens.settings import Settings


def test_the_first_start_makes_a_tenant_a_source_and_a_key(control: Control) -> None:
    tenant, secret = ensure_first_tenant(control, Settings())
    assert secret is not None
    key = control.keys.find(secret)
    assert key is not None
    assert (key.tenant, key.scopes) == (tenant.id, tuple(SCOPES))
    assert control.sources.named(tenant.id, "api").provider == "api"
    assert ensure_first_tenant(control, Settings()) == (tenant, None)
    assert len(control.keys.list(tenant.id)) == 1


def test_the_key_of_the_settings_is_adopted(control: Control) -> None:
    settings = Settings(bootstrap_key="chosen-by-the-operator")
    tenant, secret = ensure_first_tenant(control, settings)
    assert secret == "chosen-by-the-operator"
    assert control.keys.find(secret) is not None
    assert ensure_first_tenant(control, settings) == (tenant, None)


def test_what_an_interrupted_start_left_out_is_added(control: Control) -> None:
    made = control.tenants.create("acme", "Acme")
    tenant, secret = ensure_first_tenant(control, Settings())
    assert tenant == made
    assert secret is not None


def test_a_revoked_first_key_is_not_made_again(control: Control) -> None:
    tenant, _ = ensure_first_tenant(control, Settings())
    control.keys.revoke(control.keys.list(tenant.id)[0].id)
    assert ensure_first_tenant(control, Settings()) == (tenant, None)
