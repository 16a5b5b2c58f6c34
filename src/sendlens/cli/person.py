"""`sendlens person`: giving out and erasing what is known of one person."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import App, Parameter

from sendlens.cli.output import Json, moment, opened, print_json, print_table
from sendlens.cli.remote import Key, Url, ask
from sendlens.errors import SendlensError

if TYPE_CHECKING:
    from sendlens.privacy.desk import PrivacyDesk

app = App(name="person", help="Export and erase what is known of one person.", help_format="plaintext")

Tenant = Annotated[str, Parameter(help="Work on the data directory of a stopped server, as this tenant.")]


@app.command
def export(address: str, *, tenant: Tenant = "", url: Url = "", key: Key = "") -> None:
    """Print everything that is kept about one person, as JSON.

    A running server is asked with a key of the scope admin; with --tenant the data directory of a stopped one.

    Args:
        address: Address or identifier the mail was sent to.
        tenant: Work on the data directory of a stopped server, as this tenant.
        url: Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.
        key: API key of the tenant; else SENDLENS_API_KEY.
    """
    if not tenant:
        print_json(ask("POST", "/v1/person/export", {"recipient": address}, url=url, key=key, scope="admin"))
        return
    with _stopped(tenant) as (desk, own):
        print_json(desk.export(own, address, actor="operator"))


@app.command
def erase(address: str, *, tenant: Tenant = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Take one person out of everything, for good, and search for what is left. Figures stay as they are.

    A running server is asked with a key of the scope admin; with --tenant the data directory of a stopped one. Ends
    with code 1 if the person can still be found somewhere.

    Args:
        address: Address or identifier the mail was sent to.
        tenant: Work on the data directory of a stopped server, as this tenant.
        url: Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.
        key: API key of the tenant; else SENDLENS_API_KEY.
        json: Print JSON instead of text.
    """
    if tenant:
        import msgspec

        with _stopped(tenant) as (desk, own):
            done = cast("dict[str, object]", msgspec.to_builtins(desk.erase(own, address, actor="operator")))
    else:
        done = ask("POST", "/v1/person/erase", {"recipient": address}, url=url, key=key, scope="admin")
    if json:
        print_json(done)
    else:
        rows = cast("dict[str, int]", done["rows"])
        sys.stdout.write(
            f"Erased from {rows['events']} events, {rows['messages']} messages, {done['log_blocks']} blocks of the log"
            f" and {done['dead_letters']} dead letters; entry {done['audit']} of the audit.\n"
        )
        searched = "the bytes of every file" if done["files"] else "every column, the log and the dead letters"
        if done["clean"]:
            sys.stdout.write(f"A search through {searched} found nothing.\n")
        for place in cast("list[str]", done["left"]):
            sys.stderr.write(f"Still found: {place}\n")
    if not done["clean"]:
        sys.exit(1)


@app.command
def audit(tenant: str, *, address: str = "", json: Json = False) -> None:
    """List exports and erasures, the latest first.

    Args:
        tenant: Slug or id of the tenant.
        address: Only those about this person.
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        found = control.audit.list(control.tenants.get(tenant).id, recipient=address)
    if json:
        print_json(found)
    else:
        print_table(
            ("id", "at", "action", "by", "subject"),
            [(one.id, moment(one.at), one.action, one.actor, one.subject[:16]) for one in found],
        )


@contextmanager
def _stopped(tenant: str) -> Generator[tuple[PrivacyDesk, str]]:
    from sendlens import settings as configuration
    from sendlens.app import open_parts
    from sendlens.control.directory import check_owner

    settings = configuration.load()
    if not (settings.data / "format").exists():
        raise SendlensError(f"There is no Sendlens in {settings.data}.", hint="SENDLENS_DATA names the data directory.")
    check_owner(settings.data)
    parts = open_parts(settings)
    try:
        yield parts.privacy, parts.control.tenants.get(tenant).id
    finally:
        parts.close()
