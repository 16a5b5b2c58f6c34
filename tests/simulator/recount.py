"""Counts events one by one, as a second opinion on the simulator's vectorised truth."""

from collections import Counter, defaultdict

from sendlens.model.events import Event

FACTS = {"injected", "deferred", "dropped", "complained", "unsubscribed"}


def recount(told: list[tuple[str, Event, str]], campaign: str = "") -> Counter[str]:
    """Return the measures of (source, event, true actor) rows, in cents and messages."""
    messages: dict[tuple[str, str, str], list[tuple[str, Event, str]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for row in told:
        event = row[1]
        if not campaign or event.campaign_id == campaign:
            named = event.message_id or f"campaign {event.campaign_id}"
            messages[named, event.recipient, ""].append(row)
    for rows in messages.values():
        found = set()
        delivered = min((e.occurred_at for _, e, _ in rows if e.type == "delivered"), default=None)
        bounces = sorted((e.occurred_at, e.bounce_class) for _, e, _ in rows if e.type == "bounced")
        bounced = bool(bounces) and (delivered is None or bounces[-1][0] >= delivered)
        if bounced:
            found |= {"bounced", f"bounced_{bounces[-1][1]}"}
        if delivered is not None and not bounced:
            found.add("delivered")
            if not any(e.untracked for _, e, _ in rows):
                found.add("tracked_delivered")
        if delivered is not None or bounced:
            found.add("sent")
        for _, event, actor in rows:
            leaves = event.type == "clicked" and "/unsubscribe" in event.link_url
            content = event.type in ("opened", "clicked", "converted") and not leaves
            if event.type in FACTS:
                found.add(str(event.type))
            elif content and event.type != "converted":
                found.add(str(event.type))
                total = {"opened": "opens", "clicked": "clicks"}[event.type]
                counts[total] += 1
                if actor != "machine":
                    found.add(f"{event.type}_human")
                    counts[f"{total}_human"] += 1
            elif content:
                found.add("converted")
                counts["conversions"] += 1
                counts["revenue_cents"] += int((event.value or 0) * 100)
        counts.update(found)
    return counts


MEASURES = """
    injected deferred dropped sent delivered tracked_delivered bounced bounced_hard bounced_soft bounced_block opened
    opened_human clicked clicked_human complained unsubscribed converted opens opens_human clicks clicks_human
    conversions revenue_cents
""".split()  # noqa: SIM905 (a list of so many quotation marks is harder to read)
