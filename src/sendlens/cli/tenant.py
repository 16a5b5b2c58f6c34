"""`sendlens tenant`: the organisations whose data is kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from sendlens.cli.output import Json, moment, opened, print_facts, print_json, print_table

if TYPE_CHECKING:
    from sendlens.control import Tenant

app = App(name="tenant", help="Create, list and change tenants.", help_format="plaintext")


@app.command
def create(slug: str, name: str = "", *, time_zone: str = "UTC", currency: str = "USD", json: Json = False) -> None:
    """Create a tenant.

    Args:
        slug: Short name for commands and addresses: a-z, 0-9 and -.
        name: Name that people read; the slug if empty.
        time_zone: Where its days begin, for example Europe/Berlin.
        currency: Currency of its revenue, for example EUR.
        json: Print JSON instead of text.
    """
    with opened(create=True) as (control, _):
        from sendlens.control.administration import COMMAND, Administration

        made = control.tenants.create(slug, name or slug, time_zone, currency)
        Administration(control, made, COMMAND).note("tenant.create", made.name)
        _show(made, json)


@app.command(name="list")
def list_tenants(*, json: Json = False) -> None:
    """List the tenants."""
    with opened() as (control, _):
        tenants = control.tenants.list()
    if json:
        print_json(tenants)
    else:
        print_table(
            ("slug", "name", "id", "time zone", "currency", "created"),
            [(t.slug, t.name, t.id, t.time_zone, t.currency, moment(t.created_at)) for t in tenants],
        )


@app.command
def show(tenant: str, *, json: Json = False) -> None:
    """Show one tenant.

    Args:
        tenant: Slug or id.
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        _show(control.tenants.get(tenant), json)


@app.command
def update(
    tenant: str,
    *,
    name: str | None = None,
    slug: str | None = None,
    time_zone: str | None = None,
    currency: str | None = None,
    events_keep_days: int | None = None,
    json: Json = False,
) -> None:
    """Change a tenant; what is not given stays.

    Args:
        tenant: Slug or id.
        name: New name.
        slug: New short name.
        time_zone: New time zone; days of the past begin there too from then on.
        currency: New currency; amounts in other currencies do not count as revenue.
        events_keep_days: Delete events so many days after the last of their message; 0 keeps them for good.
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        from sendlens.control.administration import COMMAND, Administration

        desk = Administration(control, control.tenants.get(tenant), COMMAND)
        changed = desk.change_tenant(
            name=name,
            slug=slug,
            time_zone=time_zone,
            currency=currency,
            events_keep_days=events_keep_days,
        )
        _show(changed, json)


def _show(tenant: Tenant, json: bool) -> None:
    if json:
        print_json(tenant)
        return
    print_facts(
        {
            "slug": tenant.slug,
            "name": tenant.name,
            "id": tenant.id,
            "time zone": tenant.time_zone,
            "currency": tenant.currency,
            "events kept": f"{tenant.events_keep_days} days" if tenant.events_keep_days else "for good",
            "created": moment(tenant.created_at),
        }
    )
