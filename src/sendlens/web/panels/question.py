"""What an address asks: its parameters as periods, comparisons and filters of `metrics`, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from msgspec import structs

from sendlens.control.tenants import Tenant
from sendlens.metrics.campaigns import CampaignFacts
from sendlens.metrics.compare import Compare, earlier, parse_compare
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import Filter, parse_filters
from sendlens.metrics.periods import Period, parse_period, zone_info
from sendlens.metrics.query import Scope
from sendlens.web.pages.access import Visitor
from sendlens.web.pages.reader import between, when
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.panels.names import name_of
from sendlens.web.panels.scopes import MAIL_TILES, Fixed, fixed, scope_path

PERIOD_NAMES: Final = {
    "1h": "Last hour",
    "today": "Today",
    "yesterday": "Yesterday",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "90d": "Last 90 days",
    "month": "This month",
    "12mo": "Last 12 months",
    "all": "All time",
    "custom": "Choose days …",
}
COMPARE_NAMES: Final = {
    "previous": "vs. previous period",
    "weekday": "vs. same weekdays",
    "year": "vs. last year",
    "none": "No comparison",
}
COMPARED_NAMES: Final = {
    Compare.PREVIOUS: "Previous period",
    Compare.WEEKDAY: "Same weekdays before",
    Compare.YEAR: "A year earlier",
}
VERBS: Final = {"is": "is", "is_not": "is not", "contains": "contains", "contains_not": "does not contain"}
DEFAULT_PERIOD: Final = "28d"
DEFAULT_COMPARE: Final = "previous"


@dataclass(frozen=True)
class Ask:
    """One visitor's question, as every panel of a page gets it.

    `address` is the page the panels stand on, so that links of a panel lead to the page. `scope` is what is asked of
    the metrics; on the page of a campaign, provider, domain, segment or link it holds that as a filter without a chip.
    """

    site: Site
    visitor: Visitor
    address: Address
    scope: Scope
    tenant: Tenant
    """Whose figures are asked for, in the time zone they are asked for."""
    of: Fixed | None = None
    """What the page is about, if it is the page of a provider, domain, segment or link."""
    told: CampaignFacts | None = None
    """What is known of the campaign, where its page has asked for that already."""

    async def facts(self) -> CampaignFacts:
        """Return what is known of the campaign whose page this is."""
        return self.told or await self.site.answers.campaign_facts(self.tenant, self.campaign)

    @property
    def shared(self) -> bool:
        """Return whether this is asked by the holder of a shared link, who sees one view and no page beside it."""
        return self.visitor.link is not None

    @property
    def compared(self) -> str:
        """Return the name of what the period is compared with, or an empty text."""
        compare = self.scope.compare
        return COMPARED_NAMES[compare] if compare and earlier(self.scope.period, compare) else ""

    @property
    def tiles(self) -> tuple[str, ...]:
        """Return the key figures of the page."""
        return self.of.kind.tiles if self.of else MAIL_TILES

    @property
    def campaign(self) -> str:
        """Return the campaign whose page this is, or an empty text."""
        return self.address.get("campaign")


def page_path(address: Address, path: str = "/") -> str:
    """Return the path of the page on which a panel with these parameters stands.

    `path` is the page of the panel where the parameters do not say it; one that ends with a slash goes on with the
    item the page is about.
    """
    if len(path) > 1 and path.endswith("/"):
        return path + quote(address.get("item"), safe="")
    campaign = address.get("campaign")
    of = fixed(address.get("of"))
    return campaign_path(campaign) if campaign else of.path if of else path


def campaign_path(campaign: str) -> str:
    """Return the path of a campaign's page."""
    return scope_path("campaign", campaign)


def ask(site: Site, visitor: Visitor, address: Address) -> Ask:
    """Return the question of an address. Raises `InvalidField` for a parameter that is not accepted.

    For the holder of a shared link, the link's own view is held fast whatever the address says.
    """
    view = Address.read(visitor.link.address) if visitor.link else None
    address = _bounded(address, view, frozen=visitor.link.frozen) if view and visitor.link else address
    tenant = _in_zone(visitor.tenant, address.get("zone"))
    campaign = "" if view else address.get("campaign")
    of = fixed((view or address).get("of"))
    filters = parse_filters([*(view.all("f") if view else ()), *address.all("f")])
    if campaign:
        filters = (Filter("is", "campaign", (campaign,)), *filters)
    if of:
        filters = (Filter("is", of.kind.dimension, (of.value,)), *filters)
    key = address.get("period") or ("all" if campaign else DEFAULT_PERIOD)
    custom = key == "custom"
    since, to = (address.get("from"), address.get("to")) if custom else ("", "")
    if custom and not since:
        key, to = DEFAULT_PERIOD, ""
    scope = Scope(
        tenant=tenant,
        period=parse_period(key, tenant.time_zone, site.clock.now_ms(), since=since, to=to),
        compare=parse_compare(address.get("compare") or ("none" if campaign else DEFAULT_COMPARE)),
        filters=filters,
        clock="event" if address.get("clock") == "event" else "send" if address.get("clock") == "send" else None,
    )
    return Ask(site, visitor, address, scope, tenant, of)


# What the holder of a shared link may always turn: how the answer is shown, not what is asked.
_HOW: Final = frozenset({"metric", "interval", "audience", "content", "device", "wait"})


def _bounded(address: Address, view: Address, *, frozen: bool) -> Address:
    """Return the address as far as a shared link allows it: the view's own parameters unless they may be replaced.

    The filters of the view are not part of it; `ask` adds them.
    """
    given = [pair for pair in address.pairs if pair[0] in (_HOW if frozen else _HOW | _WHAT)]
    names = {name for name, _ in given}
    if names & {"period", "from", "to"}:
        names |= {"period", "from", "to"}
    kept = [pair for pair in view.pairs if pair[0] in _HOW | _WHAT and pair[0] not in names | {"f"}]
    return Address.of(address.path, [*kept, *given])


_WHAT: Final = frozenset({"zone", "period", "from", "to", "compare", "f", "clock"})


def _in_zone(tenant: Tenant, zone: str) -> Tenant:
    """Return the tenant with the reader's time zone instead of its own. Raises `InvalidField`."""
    return structs.replace(tenant, time_zone=zone_info(zone, "zone").key) if zone else tenant


def bar(question: Ask) -> dict[str, object]:
    """Return what the sticky bar shows."""
    address, scope = question.address, question.scope
    own = parse_filters(address.all("f"))
    before = earlier(scope.period, scope.compare) if scope.compare else None
    return {
        "periods": list(PERIOD_NAMES.items()),
        "period": scope.period.key,
        "from_": address.get("from"),
        "to": address.get("to"),
        "compares": list(COMPARE_NAMES.items()),
        "compare": scope.compare.value if scope.compare else "none",
        "range": days(scope.period),
        "compared": days(before) if before else "",
        "chips": [chip(one, address, index) for index, one in enumerate(own)],
        "dimensions": [(one.key, one.label) for one in DIMENSIONS.values() if one.filterable],
        "operators": list(VERBS.items()),
        "filterable": True,
        "held": [in_words(one) for one in scope.filters if question.shared and one not in own],
        "frozen": question.visitor.link is not None and question.visitor.link.frozen,
        "changes": not question.shared,
        "zone": address.get("zone"),
    }


def in_words(one: Filter) -> str:
    """Return a filter as a text: Mailbox provider is Gmail."""
    return f"{one.of.label} {VERBS[one.operator]} {' or '.join(name_of(one.dimension, value) for value in one.values)}"


def chip(one: Filter, address: Address, index: int) -> dict[str, str]:
    """Return a filter in words, with the address that takes it away."""
    return {
        "dimension": one.of.label,
        "verb": VERBS[one.operator],
        "value": " or ".join(name_of(one.dimension, value) for value in one.values),
        "remove": str(address.minus_filter(index)),
    }


def days(period: Period) -> str:
    """Return a period as its first and last day in the tenant's zone, or as times where it is shorter than a day."""
    if period.key == "all":
        return "All time"
    tz = zone_info(period.zone)
    first = datetime.fromtimestamp(period.start / 1000, tz)
    last = datetime.fromtimestamp(period.end / 1000 - 1, tz)
    if not period.calendar:
        end = datetime.fromtimestamp(period.end / 1000, tz)
        same = first.date() == last.date()
        return f"{when(first, 'moment' if same else 'near')} – {when(end, 'clock' if same else 'moment')}"
    if first.date() == last.date():
        return when(first, "weekday")
    return between(first, last)
