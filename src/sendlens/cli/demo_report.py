"""How the demonstration's report looks: tables with the truth beside every figure, in colour or plain.

Owns the layout. Leaves to `demo_check` what is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sendlens.model.events import Campaign

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Told = float | int | tuple[float, float]


@dataclass(frozen=True)
class Check:
    """One figure of the API and the truth; for a rate both are (numerator, denominator)."""

    name: str
    told: Told
    true: Told
    text: str = ""

    @property
    def holds(self) -> bool:
        """Whether the two are the same, exactly."""
        return self.told == self.true

    @property
    def mark(self) -> str:
        """A sign for people."""
        return "[green]✓[/green]" if self.holds else "[bold red]✗[/bold red]"


@dataclass
class Report:
    """What was found out; rows of tables beside their checks."""

    campaign: Campaign
    seconds: float
    sending_seconds: float
    storing_seconds: float
    records: int
    requests: int
    retries: int
    figures: list[Check] = field(default_factory=list[Check])
    accounting: list[Check] = field(default_factory=list[Check])
    providers: list[tuple[str, list[str], list[Check]]] = field(
        default_factory=list[tuple[str, list[str], list[Check]]]
    )
    devices: list[tuple[str, int, Check]] = field(default_factory=list[tuple[str, int, Check]])
    clients: list[tuple[str, int, Check]] = field(default_factory=list[tuple[str, int, Check]])
    others: list[Check] = field(default_factory=list[Check])

    def checks(self) -> list[Check]:
        """Return every check."""
        rows = [*self.devices, *self.clients]
        providers = [check for _, _, checks in self.providers for check in checks]
        return [*self.figures, *self.accounting, *providers, *(check for _, _, check in rows), *self.others]

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return all(check.holds for check in self.checks())


def show(console: Console, report: Report) -> None:
    """Print the report."""
    campaign = report.campaign
    console.print(f"\n[bold]{campaign.name}[/bold]: {campaign.subject}")
    console.print(f"{campaign.total_sent:,} recipients, cost {campaign.cost} {campaign.currency}\n")
    table = _table("Figure", "Sendlens", "told", "truth", "", right=(1, 2, 3))
    for check in report.figures:
        table.add_row(check.name, check.text, _shown(check.told), _shown(check.true), check.mark)
    console.print(table)

    console.print("\n[bold]Deliverability per mailbox provider[/bold]")
    names = [check.name for check in report.providers[0][2]] if report.providers else []
    table = _table("Provider", *names, "delivery", "bounce", "open", "click", "", right=range(1, len(names) + 5))
    for name, texts, checks in report.providers:
        counts = [_shown(check.told) if check.holds else f"{check.told} (truth {check.true})" for check in checks]
        table.add_row(name, *counts, *texts, _all(checks))
    console.print(table)

    for title, rows in (("Devices", report.devices), ("Clients", report.clients)):
        console.print(f"\n[bold]{title}[/bold] (machines not counted)")
        table = _table(title[:-1], "clicks", "opens", "truth", "", right=(1, 2, 3))
        for name, clicks, check in rows:
            table.add_row(name, f"{clicks:,}", _shown(check.told), _shown(check.true), check.mark)
        console.print(table)

    console.print()
    table = _table("", "Sendlens", "truth", "", right=(1, 2))
    for check in [*report.others, *report.accounting]:
        table.add_row(check.name, _shown(check.told), _shown(check.true), check.mark)
    console.print(table)
    _verdict(console, report)


def _verdict(console: Console, report: Report) -> None:
    busy = report.sending_seconds + report.storing_seconds
    console.print(
        f"\n{report.records:,} records in {report.requests:,} requests ({report.retries} repeated) were sent in "
        f"{report.sending_seconds:.1f} s and visible {report.storing_seconds:.1f} s later: "
        f"{report.records / max(busy, 0.001):,.0f} events/s. {report.seconds:.1f} s since the start."
    )
    wrong = [check.name for check in report.checks() if not check.holds]
    if wrong:
        console.print(
            f"[bold red]✗ {len(wrong)} of {len(report.checks())} checks failed:[/bold red] {', '.join(wrong)}"
        )
    else:
        console.print(
            f"[bold green]✓ All {len(report.checks())} checks hold: every figure equals the truth.[/bold green]"
        )


def _table(*columns: str, right: Iterable[int] = ()) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    to_the_right = set(right)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in to_the_right else "left", no_wrap=place == 0)
    return table


def _shown(value: Told) -> str:
    if isinstance(value, tuple):
        return f"{_shown(value[0])} / {_shown(value[1])}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _all(checks: Sequence[Check]) -> str:
    return next((check.mark for check in checks if not check.holds), checks[0].mark if checks else "")
