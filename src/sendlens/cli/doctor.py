"""`sendlens doctor`: how a data directory is, in plain words."""

from __future__ import annotations

import sys
from pathlib import Path

from sendlens.cli.output import Json, print_json

_SIGN = {"good": "ok", "warning": "look", "bad": "BAD"}


def doctor(*, data: Path | None = None, json: Json = False) -> None:
    """Examine a data directory and say in plain words how it is. The exit code is 1 if anything is bad.

    Nothing is changed. Stop the server to have every table compared with the events, too.

    Args:
        data: Data directory; else SENDLENS_DATA.
        json: Print JSON instead of text.
    """
    from sendlens import settings as configuration
    from sendlens.clock import SystemClock
    from sendlens.operations.doctor import examine

    settings = configuration.load(data=data)
    findings = examine(settings, SystemClock().now_ms())
    healthy = all(finding.state != "bad" for finding in findings)
    if json:
        print_json({"healthy": healthy, "findings": findings})
    else:
        widest = max(len(finding.name) for finding in findings)
        for finding in findings:
            sys.stdout.write(f"{_SIGN[finding.state]:<4}  {finding.name:<{widest}}  {finding.says}\n")
            if finding.advice:
                sys.stdout.write(f"{'':<{widest + 6}}  {finding.advice}\n")
    if not healthy:
        sys.exit(1)
