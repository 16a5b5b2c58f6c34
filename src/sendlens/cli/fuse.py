"""`sendlens fuse`: sources that are stopped because too many of their records could not be processed."""

from __future__ import annotations

import sys
from typing import cast

from cyclopts import App

from sendlens.cli.output import Json, print_json, print_table
from sendlens.cli.remote import Key, Url, ask

app = App(name="fuse", help="List sources that are stopped, and let them in again.", help_format="plaintext")


@app.command(name="list")
def list_fuses(*, url: Url = "", key: Key = "", json: Json = False) -> None:
    """List the sources of a tenant that a running server has stopped; needs a key with the scope read.

    Args:
        url: Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.
        key: API key of the tenant; else SENDLENS_API_KEY.
        json: Print JSON instead of text.
    """
    stopped = cast(
        "list[dict[str, object]]", ask("GET", "/v1/fuses", url=url, key=key, scope="read").get("stopped", [])
    )
    if json:
        print_json(stopped)
        return
    columns = ("source", "since", "batch", "records", "dead", "reason")
    names = ("source", "since", "batch_id", "records", "dead", "reason")
    print_table(columns, [[one[name] for name in names] for one in stopped])


@app.command
def reset(source: str, *, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Let a stopped source in again, and accept its dead letters; needs a key with the scope admin.

    It is for records that no version will be able to process. After a wrong deploy, start the right version instead:
    it reads the same records again, and nothing becomes a dead letter.

    Args:
        source: The source, as the list shows it.
        url: Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.
        key: API key of the tenant; else SENDLENS_API_KEY.
        json: Print JSON instead of text.
    """
    done = ask("POST", "/v1/fuses/reset", {"source": source}, url=url, key=key, scope="admin")
    if json:
        print_json(done)
    else:
        sys.stdout.write(f"{done['source']} is let in again; what cannot be processed is set aside.\n")
