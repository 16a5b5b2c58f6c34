"""Every setting of a Sendlens process: one frozen object, read once at start.

Owns names, defaults, help and the reading of `SENDLENS_*` variables and the optional TOML file. `docs/settings.md`
and the command line's help are made from `FIELDS`.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from sendlens.errors import SettingsError

PREFIX: Final = "SENDLENS_"


def _text(value: str) -> str:
    return value


def _directory(value: str) -> Path:
    return Path(value).expanduser().absolute()


def _flag(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    return known[value.strip().lower()]


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return read


def _share(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def _one_of(*names: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in names:
            raise ValueError
        return value

    return read


def _starts(*prefixes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not value.startswith(prefixes):
            raise ValueError
        return value

    return read


def _networks(value: str) -> str:
    for part in value.split(","):
        ipaddress.ip_network(part.strip(), strict=False)
    return value


def _setting(default: object, help: str, accepts: str, read: Callable[[str], object]) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "accepts": accepts, "read": read})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings with their defaults; `load` fills it from the environment and a file."""

    data: Path = _setting(
        Path("sendlens-data"), "Directory for the log, the embedded store and the control plane.", "a path", _directory
    )
    host: str = _setting("127.0.0.1", "Address to listen on.", "an address", _text)
    port: int = _setting(8000, "Port to listen on.", "0 to 65535; 0 picks a free one", _whole(0, 65535))
    public_url: str = _setting(
        "",
        "Address under which the world reaches Sendlens; needed behind a proxy, because some providers sign it.",
        "http:// or https:// address, or empty",
        _starts("http://", "https://"),
    )
    bootstrap_key: str = _setting(
        "", "API key of the first tenant, set at first start; made at random if empty.", "20 or more characters", _text
    )
    store: str = _setting(
        "",
        "Where events are stored: empty for the embedded store in the data directory, or a ClickHouse server.",
        "clickhouse://user:password@host:port/database, or empty",
        _starts("clickhouse://", "clickhouses://", "chdb://"),
    )
    control: str = _setting(
        "",
        "Where tenants, keys and sources are kept: empty for SQLite in the data directory, or PostgreSQL.",
        "postgresql://user:password@host:port/database, or empty",
        _starts("postgresql://", "sqlite://"),
    )
    secret_key: str = _setting(
        "",
        "Key that encrypts sources' secrets; made at first start and kept in the data directory if empty.",
        "32 or more characters, or empty",
        _text,
    )
    log_level: str = _setting(
        "info",
        "Least severe log line written.",
        "debug | info | warning | error",
        _one_of("debug", "info", "warning", "error"),
    )
    log_format: str = _setting("auto", "Form of the log lines.", "auto | json | text", _one_of("auto", "json", "text"))
    max_body_mb: int = _setting(
        10, "Largest request body, in megabytes, after decompression.", "1 to 100", _whole(1, 100)
    )
    max_events: int = _setting(10_000, "Most events in one request.", "1 to 100000", _whole(1, 100_000))
    batch_events: int = _setting(
        100_000, "Most events in one insert into the store.", "1 to 1000000", _whole(1, 1_000_000)
    )
    batch_ms: int = _setting(
        250,
        "Least time from the begin of one batch to that of the next, in which it fills, in milliseconds.",
        "1 to 60000",
        _whole(1, 60_000),
    )
    max_lag_events: int = _setting(
        5_000_000,
        "Events waiting in the log at which the door answers 503 until the store has caught up.",
        "1000 or more",
        _whole(1000, 10**12),
    )
    max_lag_share: float = _setting(
        0.8,
        "Share of `max_lag_events` that one tenant may fill alone; several divide it and leave room. 1 for no limit.",
        "0 to 1",
        _share,
    )
    rate_events: int = _setting(
        50_000,
        "Events per second that one API key or webhook source may bring in the long run; 0 for no limit.",
        "0 to 1000000000",
        _whole(0, 10**9),
    )
    rate_burst: int = _setting(
        500_000,
        "Events that one API key or webhook source may bring at once after a rest.",
        "1 to 1000000000",
        _whole(1, 10**9),
    )
    intake_requests: int = _setting(
        256,
        "Requests of one tenant that the intake reads at the same time; 0 for no limit.",
        "0 to 100000",
        _whole(0, 100_000),
    )
    api_requests: int = _setting(
        24,
        "Requests of one tenant that the API answers at the same time; 0 for no limit.",
        "0 to 10000",
        _whole(0, 10_000),
    )
    live_streams: int = _setting(
        200, "Open pages of one tenant that are kept up to date.", "1 to 1000", _whole(1, 1000)
    )
    shared_streams: int = _setting(
        50,
        "Open pages of one tenant's shared links that are kept up to date, besides those of its own people.",
        "1 to 1000",
        _whole(1, 1000),
    )
    dedupe_days: int = _setting(7, "How many days a repeated event is recognised.", "1 to 90", _whole(1, 90))
    dedupe_memory_keys: int = _setting(
        5_000_000, "Event keys kept in memory (8 bytes each) in front of the store.", "0 or more", _whole(0, 10**10)
    )
    message_memory_keys: int = _setting(
        10_000_000,
        "Messages whose day of birth is kept in memory (10 bytes each) in front of the store.",
        "0 or more",
        _whole(0, 10**10),
    )
    fuse_ratio: float = _setting(
        0.5,
        "Share of a source's latest records that cannot be processed at which it is stopped; 0 for never.",
        "0 to 1",
        _share,
    )
    fuse_least: int = _setting(
        100, "Records of a source that `fuse_ratio` looks at, at least.", "1 to 1000000", _whole(1, 1_000_000)
    )
    fuse_run: int = _setting(
        1000,
        "Records of a source in a row that cannot be processed at which it is stopped; 0 for never.",
        "0 or more",
        _whole(0, 10**9),
    )
    skew_limit_minutes: int = _setting(
        1440,
        "Clock difference beyond which an event is flagged instead of corrected, in minutes.",
        "1 or more",
        _whole(1, 10**6),
    )
    store_memory_mb: int = _setting(
        1200, "Memory the embedded store may use, in megabytes.", "256 or more", _whole(256, 10**7)
    )
    store_threads: int = _setting(
        0,
        "Threads of the embedded store: all for a query while no other runs, else a part of them; 0 for one per core.",
        "0 to 256",
        _whole(0, 256),
    )
    query_concurrency: int = _setting(3, "Queries that run in the store at the same time.", "1 to 256", _whole(1, 256))
    query_seconds: int = _setting(20, "Longest a query may run, in seconds.", "1 to 3600", _whole(1, 3600))
    query_read_mb: int = _setting(
        50_000,
        "Most a query may read from the store, in megabytes before compression; 0 for no limit.",
        "0 or more",
        _whole(0, 10**9),
    )
    query_seconds_per_minute: int = _setting(
        90,
        "Seconds that one tenant's queries may take together per minute while other tenants ask too; 0 for no limit.",
        "0 or more",
        _whole(0, 10**6),
    )
    log_keep_hours: int = _setting(
        168,
        "How long blocks stay in the log, in hours from their receipt; those not yet stored stay.",
        "0 to 100000",
        _whole(0, 100_000),
    )
    pseudonymous: bool = _setting(
        False,
        "Store recipients as keyed digests at their domain, and their addresses nowhere; from then on.",
        "true | false",
        _flag,
    )
    ip: str = _setting(
        "full",
        "How much of a recipient's IP address is stored: all, its network (/24, /48), or nothing.",
        "full | truncated | none",
        _one_of("full", "truncated", "none"),
    )
    trusted_proxies: str = _setting(
        "127.0.0.0/8,::1",
        "Reverse proxies whose X-Forwarded-For is believed, as addresses or networks with commas; needed behind one on "
        "another machine, so that sign-ins, the audit and the tracker see visitors' addresses and not the proxy's.",
        "addresses or networks, or empty",
        _networks,
    )
    tracker_held: int = _setting(
        200,
        "Messages whose reading time is measured at the same moment; each holds a connection for up to 30 seconds.",
        "0 to 100000",
        _whole(0, 100_000),
    )
    mail_directory: str = _setting(
        "",
        "Directory under which Maildir and mbox mailboxes of sources may lie; empty for none.",
        "a path, or empty",
        _text,
    )
    mail_private_hosts: bool = _setting(
        False,
        "Let sources poll IMAP servers on this machine and in private networks, too.",
        "true | false",
        _flag,
    )
    scrape_networks: str = _setting(
        "",
        "Networks besides the open internet in which sources may scrape exporters, with commas, such as "
        "10.0.0.0/8,127.0.0.1; empty for none.",
        "addresses or networks, or empty",
        _networks,
    )
    dns: str = _setting(
        "system",
        "Whom to ask for the mail exchangers of recipients' domains, in the background; off asks nobody.",
        "system | off | addresses of name servers, commas between them",
        _text,
    )
    geo_database: str = _setting("", "MaxMind database file for countries; empty for none.", "a path, or empty", _text)
    metrics_key: str = _setting(
        "",
        "What a scraper of /metrics shows as bearer token; if empty, only requests from this machine are answered.",
        "20 or more characters, or empty",
        _text,
    )
    least_disk_mb: int = _setting(
        1000,
        "Free space on the disk of the data directory below which health is degraded, in megabytes; 0 for never.",
        "0 or more",
        _whole(0, 10**9),
    )
    open_pages: bool = _setting(
        True,
        "Show pages without a sign-in to requests from this machine; other machines need an account or an API key.",
        "true | false",
        _flag,
    )

    @property
    def store_url(self) -> str:
        """Return the store's address, with the embedded default filled in."""
        return self.store or f"chdb://{self.data / 'store'}"

    @property
    def control_url(self) -> str:
        """Return the control plane's SQLAlchemy address, with the SQLite default filled in."""
        url = self.control or f"sqlite:///{self.data / 'control.sqlite'}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)


@dataclasses.dataclass(frozen=True)
class Field:
    """What the documentation and the command line need to know of one setting."""

    name: str
    variable: str
    default: object
    help: str
    accepts: str


FIELDS: Final = tuple(
    Field(
        f.name, PREFIX + f.name.upper(), f.default, cast("str", f.metadata["help"]), cast("str", f.metadata["accepts"])
    )
    for f in dataclasses.fields(Settings)
)

# Settings that may stay empty although their reader demands a form.
_MAY_BE_EMPTY: Final = {
    "mail_directory",
    "public_url",
    "store",
    "control",
    "bootstrap_key",
    "secret_key",
    "geo_database",
    "metrics_key",
    "trusted_proxies",
    "scrape_networks",
}
_LEAST_CHARACTERS: Final = {"bootstrap_key": 20, "secret_key": 32, "metrics_key": 20}
# Variables of ours that are no settings of the process: the demo, tests and clients read them.
NOT_SETTINGS: Final = {"SENDLENS_CONFIG", "SENDLENS_URL", "SENDLENS_API_KEY"}


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Return the settings from defaults, then the TOML file named by `SENDLENS_CONFIG`, then the environment.

    `overrides` (already typed, from the command line) win over all. Raises `SettingsError` naming the variable, the
    value and what is accepted; a `SENDLENS_*` variable that is not known is an error too, because a misspelt setting
    that is ignored in silence is found at night.
    """
    env = os.environ if environ is None else environ
    given: dict[str, tuple[str, str]] = {}
    if path := env.get("SENDLENS_CONFIG"):
        given |= _from_file(Path(path))
    given |= {
        key[len(PREFIX) :].lower(): (key, value)
        for key, value in env.items()
        if key.startswith(PREFIX) and key not in NOT_SETTINGS
    }
    known = {f.name: f for f in dataclasses.fields(Settings)}
    values: dict[str, object] = {}
    for name, (origin, text) in given.items():
        if name not in known:
            raise SettingsError(f"{origin} is not a setting of Sendlens", hint=_closest(name, known))
        values[name] = _read(name, origin, text, known[name])
    values |= {name: value for name, value in overrides.items() if value is not None}
    settings = Settings(**cast("dict[str, Any]", values))
    return dataclasses.replace(settings, data=settings.data.expanduser().absolute())


def _read(name: str, origin: str, text: str, field: dataclasses.Field[Any]) -> object:
    if text == "" and name in _MAY_BE_EMPTY:
        return ""
    try:
        value = field.metadata["read"](text)
        if len(text) < _LEAST_CHARACTERS.get(name, 0):
            raise ValueError
    except (ValueError, KeyError) as error:
        shown = "(hidden)" if name in _LEAST_CHARACTERS else repr(text)
        raise SettingsError(
            f"{origin} has the value {shown}; accepted: {field.metadata['accepts']}", hint=str(field.metadata["help"])
        ) from error
    return value


def _from_file(path: Path) -> dict[str, tuple[str, str]]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"SENDLENS_CONFIG names {path}, which cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    return {name: (f"{name} in {path}", _as_text(value)) for name, value in table.items()}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _closest(name: str, known: Mapping[str, object]) -> str:
    import difflib

    match = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {PREFIX}{match[0].upper()}?" if match else "docs/settings.md lists them all."
