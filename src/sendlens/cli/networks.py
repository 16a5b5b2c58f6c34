"""`sendlens networks`: which networks are known, of which day, and a newer list of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from sendlens.cli.output import Json, print_json, print_table

app = App(name="networks", help="Show and refresh the networks that verdicts rest on.", help_format="plaintext")


@app.default
def show(*, data: Path | None = None, json: Json = False) -> None:
    """Show the date of the list of networks and how many ranges each owner has.

    Args:
        data: Data directory; else SENDLENS_DATA.
        json: Print JSON instead of text.
    """
    from sendlens import settings as configuration
    from sendlens.operations.networks import in_use

    list_, origin = in_use(configuration.load(data=data).data)
    if json:
        print_json({"date": list_.date, "from": origin, "ranges": list_.counts})
        return
    sys.stdout.write(f"Networks of {list_.date}, {origin}\n")
    print_table(("owner", "ranges"), [[owner, count] for owner, count in list_.counts.items()])


@app.command
def refresh(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    owner: str = "",
    data: Path | None = None,
    json: Json = False,
) -> None:
    """Take over a newer list from a file or an https address; a running server takes it up within half a minute.

    Without an owner the text must be a whole list: a line `date YYYY-MM-DD`, and lines of an owner and a range. With
    one, every range in the text becomes that owner's, whatever its form (CSV, JSON, lines), and the others stay.

    Args:
        from_: File, or https address.
        owner: Owner whose ranges are replaced, such as apple_relay.
        data: Data directory; else SENDLENS_DATA.
        json: Print JSON instead of text.
    """
    import datetime as dt

    from sendlens import settings as configuration
    from sendlens.clock import SystemClock
    from sendlens.operations import networks

    today = dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, tz=dt.UTC).date().isoformat()
    new = networks.refresh(configuration.load(data=data).data, from_, owner, today)
    if json:
        print_json({"date": new.date, "ranges": new.counts})
        return
    sys.stdout.write(f"{len(new.ranges)} ranges of {len(new.counts)} owners, as of {new.date}.\n")
    sys.stdout.write("A running server takes them up within half a minute.\n")
