"""The table of all kinds of sources: what a source may be, what its secret is, and which options it has.

Owns what is common to those that post to `/hooks/` (`posting`), those that are polled, and our own: name, title,
options and the words about the secret. Command, API and pages ask here, so that a new kind is known to all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options
from sendlens.sources.exporters import PROMETHEUS
from sendlens.sources.exporters.options import ScrapeOptions
from sendlens.sources.posting import POSTING
from sendlens.sources.seeds import SEED
from sendlens.sources.seeds.options import SeedOptions
from sendlens.sources.tracking import TRACKER, TrackerOptions

API: Final = "api"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of source. `path` is where it is posted to, with `{source}` for its id; empty if it is only polled."""

    name: str
    title: str
    secret_help: str = ""
    options: type[Options] = Options
    path: str = ""
    makes_secret: bool = False
    """Whether we make the secret up, because nobody else gives or chooses it."""

    @property
    def posts(self) -> bool:
        """Whether requests come to an address of the source, and need its secret."""
        return self.path.startswith("/hooks/")


_OWN: Final = (
    Kind(name=API, title="Sendlens API", path="/v1/events"),
    Kind(
        name=TRACKER,
        title="Tracker",
        secret_help="what the addresses in your mails are signed with",  # noqa: S106 (help)
        options=TrackerOptions,
        path="/t/o/{source}/",
        makes_secret=True,
    ),
    Kind(
        name=PROMETHEUS,
        title="Prometheus exporter",
        secret_help="bearer token, or user:password, that the exporter asks for; none if it asks for nothing",  # noqa: S106 (help)
        options=ScrapeOptions,
    ),
    Kind(
        name=SEED,
        title="Seed mailbox",
        secret_help="password of the mailbox; where the provider asks for one, an app password",  # noqa: S106 (help)
        options=SeedOptions,
    ),
)

KINDS: Final[Mapping[str, Kind]] = {
    **{kind.name: kind for kind in _OWN},
    **{
        one.name: Kind(
            name=one.name,
            title=one.title,
            secret_help=one.secret_help,
            options=one.options,
            path=f"/hooks/{one.name}/{{source}}",
        )
        for one in POSTING.values()
    },
}


def title_of(provider: str) -> str:
    """Return what a kind of source is called among people; the name itself for one that is not known.

    >>> title_of("ses"), title_of("api"), title_of("elsewhere")
    ('Amazon SES', 'Sendlens API', 'elsewhere')
    """
    return KINDS[provider].title if provider in KINDS else provider


POLLED_OPTIONS: Final = ("mailbox", "address")
"""Options that name what is polled."""


def kind_of(name: str) -> Kind:
    """Return a kind of source. Raises `InvalidField` for a name that is none."""
    if name not in KINDS:
        raise InvalidField("provider", name, f"one of {', '.join([*(one.name for one in _OWN), *sorted(POSTING)])}")
    return KINDS[name]


def is_polled(settings: Mapping[str, object]) -> bool:
    """Tell from a source's settings whether it is looked at from time to time."""
    return any(settings.get(name) for name in POLLED_OPTIONS)


def told_secret(settings: Mapping[str, object]) -> str:
    """Return who is shown the secret of a polled source: scheme, user, host and port; empty for one that is not polled.

    >>> told_secret({"mailbox": "imaps://ada@imap.example.com/Bounces"})
    'imaps://ada@imap.example.com'
    """
    named = next((str(settings[name]) for name in POLLED_OPTIONS if settings.get(name)), "")
    parts = urlsplit(named)
    return f"{parts.scheme}://{parts.netloc}" if named else ""


def path_of(provider: str, source_id: str) -> str:
    """Return where a source is posted to or its addresses begin; empty for one that is polled."""
    return KINDS[provider].path.format(source=source_id) if provider in KINDS else ""
