"""`sendlens deadletters`: records that were accepted and could not be processed."""

from __future__ import annotations

import sys
from typing import Annotated, cast

from cyclopts import App, Parameter

from sendlens.cli.output import Json, moment, opened, print_json, print_table
from sendlens.cli.remote import Key, Url, ask
from sendlens.errors import InvalidField

app = App(
    name="deadletters", help="List, replay and delete records that could not be processed.", help_format="plaintext"
)

_DAY_MS = 86_400_000


@app.command(name="list")
def list_letters(
    tenant: str,
    *,
    source: str = "",
    reason: str = "",
    replayed: Annotated[bool, Parameter(negative="")] = False,
    limit: int = 100,
    json: Json = False,
) -> None:
    """List the dead letters of a tenant, the oldest first.

    Args:
        tenant: Slug or id of the tenant.
        source: Only those of this source.
        reason: Only those whose reason contains this.
        replayed: Also those that were replayed.
        limit: Most letters shown.
        json: Print JSON instead of text.
    """
    from sendlens.control.deadletters import Wanted

    with opened() as (control, _):
        own = control.tenants.get(tenant).id
        wanted = Wanted(source=source, reason=reason)
        found = control.deadletters.list(own, wanted, most=limit, waiting=not replayed)
        waiting = control.deadletters.count(own, wanted)
    if json:
        # A body may be any bytes; JSON has it in base64.
        print_json(found)
        return
    columns = ("id", "received", "source", "kind", "records", "request", "batch", "replayed", "reason")
    print_table(
        columns,
        [
            (
                one.id,
                moment(one.received_at),
                one.source,
                one.kind,
                one.records,
                one.request_id or "–",
                one.batch_id,
                moment(one.replayed_at),
                one.reason,
            )
            for one in found
        ],
    )
    if waiting > len(found):
        sys.stderr.write(f"{waiting:,} wait in all; --limit shows more.\n")


@app.command
def replay(
    *,
    id: Annotated[tuple[int, ...], Parameter(negative="")] = (),
    source: str = "",
    reason: str = "",
    every: Annotated[bool, Parameter(name="--all", negative="")] = False,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Bring dead letters back into the log of a running server; needs a key with the scope admin.

    What was counted in the meantime is recognised, so that replaying twice counts once.

    Args:
        id: Only these letters; repeat it for several.
        source: Only those of this source.
        reason: Only those whose reason contains this.
        every: All letters of the tenant.
        url: Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.
        key: API key of the tenant; else SENDLENS_API_KEY.
        json: Print JSON instead of text.
    """
    if not (id or source or reason or every):
        raise InvalidField("id", (), "name letters by --id, --source or --reason, or give --all")
    body = {"ids": list(id), "source": source, "reason": reason, "all": every}
    done = ask("POST", "/v1/dead-letters/replay", body, url=url, key=key, scope="admin")
    if json:
        print_json(done)
        return
    sys.stdout.write(f"Replayed {done['letters']} letters with {done['records']} records.\n")
    if done["unreadable"]:
        sys.stderr.write(f"{done['unreadable']} cannot be read and stay:\n")
        for one in cast("list[dict[str, object]]", done["examples"]):
            sys.stderr.write(f"  {one['id']}: {one['error']}\n")


@app.command
def purge(
    tenant: str,
    *,
    source: str = "",
    reason: str = "",
    waiting: Annotated[bool, Parameter(negative="")] = False,
    days: int = 0,
    json: Json = False,
) -> None:
    """Delete dead letters that were replayed, or give up those that wait.

    Args:
        tenant: Slug or id of the tenant.
        source: With --waiting: only those of this source.
        reason: With --waiting: only those whose reason contains this.
        waiting: Delete those that were not replayed; their records are lost, and stay counted as dead.
        days: Without --waiting: only those replayed longer ago than this.
        json: Print JSON instead of text.
    """
    from sendlens.clock import SystemClock
    from sendlens.control.deadletters import Wanted

    if waiting and days:
        raise InvalidField("days", days, "is for letters that were replayed")
    if not waiting and (source or reason):
        raise InvalidField("source" if source else "reason", source or reason, "needs --waiting")
    with opened() as (control, _):
        own = control.tenants.get(tenant).id
        if waiting:
            gone = control.deadletters.give_up(own, Wanted(source=source, reason=reason))
        else:
            gone = control.deadletters.purge(before_ms=SystemClock().now_ms() - days * _DAY_MS + 1, tenant=own)
    if json:
        print_json({"deleted": gone})
    else:
        sys.stdout.write(f"Deleted {gone} letters.\n")
