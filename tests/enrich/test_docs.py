from pathlib import Path

from sendlens.enrich.actor import RULES
from sendlens.enrich.bounce_reasons import REASONS
from sendlens.enrich.context import RULES as CONTEXT

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "enrichment.md").read_text(encoding="utf-8")
BOUNCES = (DOCS / "bounces.md").read_text(encoding="utf-8")


def test_every_bounce_reason_is_documented():
    for reason, (bounce_class, meaning) in REASONS.items():
        assert f"| `{reason}` | {bounce_class} | {meaning} |" in BOUNCES


def test_every_actor_rule_is_documented():
    for rule in RULES:
        assert f"| `{rule.name}` | {rule.actor} | {rule.confidence} |" in PAGE


def test_every_rule_about_neighbours_is_documented():
    for rule in CONTEXT:
        assert f"| `{rule.name}` | {rule.confidence} |" in PAGE
