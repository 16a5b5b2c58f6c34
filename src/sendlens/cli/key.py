"""`sendlens key`: API keys of a tenant."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

from sendlens.cli.output import Json, moment, opened, print_json, print_table

app = App(name="key", help="Create, list and revoke API keys.", help_format="plaintext")


@app.command
def create(
    tenant: str,
    name: str,
    *,
    scope: Annotated[tuple[str, ...], Parameter(negative="")] = ("ingest", "read"),
    json: Json = False,
) -> None:
    """Create an API key and print it. It cannot be shown again.

    Args:
        tenant: Slug or id of the tenant.
        name: What the key is for.
        scope: What it may do: ingest, read or admin; repeat the option for several.
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        from sendlens.control.administration import COMMAND, Administration

        key, secret = Administration(control, control.tenants.get(tenant), COMMAND).create_key(name, scope)
    if json:
        print_json({"key": key, "secret": secret})
        return
    sys.stdout.write(f"{secret}\n")
    # On the other stream, so that `KEY=$(sendlens key create ...)` gets the key alone.
    sys.stderr.write(f"This is the key {key.id} ({', '.join(key.scopes)}). Keep it now: it cannot be shown again.\n")


@app.command(name="list")
def list_keys(tenant: str, *, json: Json = False) -> None:
    """List the API keys of a tenant, revoked ones too.

    Args:
        tenant: Slug or id of the tenant.
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        keys = control.keys.list(control.tenants.get(tenant).id)
    if json:
        print_json(keys)
        return
    columns = ("id", "name", "starts with", "scopes", "created", "last used", "revoked")
    times = [(moment(key.created_at), moment(key.last_used_at), moment(key.revoked_at)) for key in keys]
    print_table(
        columns,
        [(key.id, key.name, key.starts, " ".join(key.scopes), *at) for key, at in zip(keys, times, strict=True)],
    )


@app.command
def revoke(key: str, *, json: Json = False) -> None:
    """Make an API key invalid, within a second in a running server.

    Args:
        key: Id of the key, as the list shows it.
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        from sendlens.control.administration import COMMAND, of_key

        revoked = of_key(control, key, COMMAND).revoke_key(key)
    if json:
        print_json(revoked)
    else:
        sys.stdout.write(f"{revoked.id} ({revoked.name}) is revoked.\n")
