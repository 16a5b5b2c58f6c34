"""`sendlens source`: where a tenant's events come from, and the addresses that providers post to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from sendlens.cli.output import Json, moment, opened, print_facts, print_json, print_table, typed_secret
from sendlens.errors import InvalidField

if TYPE_CHECKING:
    from sendlens.control import Source
    from sendlens.control.polls import PollState
    from sendlens.settings import Settings
    from sendlens.sources.kinds import Kind

app = App(name="source", help="Create and list sources of events, and replace their secrets.", help_format="plaintext")

Secrets = Annotated[tuple[str, ...], Parameter(name="--secret", negative="", allow_leading_hyphen=True)]
Options = Annotated[tuple[str, ...], Parameter(name="--option", negative="")]


@app.command
def create(
    tenant: str,
    provider: str,
    *,
    name: str = "",
    secret: Secrets = (),
    option: Options = (),
    json: Json = False,
) -> None:
    """Create a source and print the address to give to the provider.

    Args:
        tenant: Slug or id of the tenant.
        provider: Name of the provider, or one of ours: api for our own format, tracker, prometheus, seed.
        name: Name of the source, unique within the tenant; the provider's if empty.
        secret: What the provider proves itself with; - reads it from standard input. Two are valid at a time.
        option: How payloads are read, as name=value, for example keep_raw=true; repeat it for several.
        json: Print JSON instead of text.
    """
    from secrets import token_urlsafe

    from sendlens.sources.kinds import kind_of

    kind = kind_of(provider)
    options = _options(kind, option)
    secrets = [typed_secret(each, f"Secret of {kind.title}") for each in secret]
    made = token_urlsafe(32) if kind.makes_secret and not secrets else ""
    with opened() as (control, settings):
        from sendlens.control.administration import COMMAND, Administration

        desk = Administration(control, control.tenants.get(tenant), COMMAND)
        source = desk.create_source(name, provider, options, secrets or [made] * bool(made))
    _show(source, settings, json)
    if made:
        sys.stderr.write(f"Secret, shown only now: {made}\n")
    elif kind.posts and not secrets:
        sys.stderr.write(f"Without a secret every request is refused. {kind.title}: {kind.secret_help}\n")
        sys.stderr.write(f"Set it with: sendlens source rotate {source.id} --secret -\n")


@app.command(name="list")
def list_sources(tenant: str, *, json: Json = False) -> None:
    """List the sources of a tenant.

    Args:
        tenant: Slug or id of the tenant.
        json: Print JSON instead of text.
    """
    with opened() as (control, settings):
        sources = control.sources.list(control.tenants.get(tenant).id)
    if json:
        print_json([_public(source, settings) for source in sources])
        return
    print_table(
        ("name", "provider", "id", "secrets", "last event", "created"),
        [(s.name, s.provider, s.id, len(s.secrets), moment(s.last_event_at), moment(s.created_at)) for s in sources],
    )


@app.command
def show(source: str, *, json: Json = False) -> None:
    """Show one source and its address.

    Args:
        source: Id of the source, as the list shows it.
        json: Print JSON instead of text.
    """
    with opened() as (control, settings):
        from sendlens.sources.kinds import is_polled

        found = control.sources.get(source)
        _show(found, settings, json, control.polls.get(source) if is_polled(found.settings) else None)


@app.command
def rotate(
    source: str,
    *,
    secret: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    retire: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Give a source a new secret beside the one it has, or end the validity of the earlier one.

    Args:
        source: Id of the source, as the list shows it.
        secret: The new secret; - reads it from standard input. The one before stays valid.
        retire: Make the earlier secret invalid, once the provider uses the new one.
        json: Print JSON instead of text.
    """
    if bool(secret) == retire:
        raise InvalidField("secret", "(hidden)" if secret else "", "give either --secret or --retire")
    with opened() as (control, settings):
        from sendlens.control.administration import COMMAND, of_source

        desk = of_source(control, source, COMMAND)
        if retire:
            changed = desk.retire_source(source)
        else:
            changed = desk.rotate_source(source, typed_secret(secret, "New secret"))
        _show(changed, settings, json)
    if not retire and len(changed.secrets) > 1:
        sys.stderr.write(
            "Both secrets are valid now. Once the provider uses the new one: "
            f"sendlens source rotate {changed.id} --retire\n"
        )


def hook_url(source: Source, settings: Settings) -> str:
    """Return the address that events of this source are sent to."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    # Whoever listens on every address is not reached under that name.
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - compared, not listened on
    base = settings.public_url.rstrip("/") or f"http://{host}:{settings.port}"
    from sendlens.sources.kinds import path_of

    path = path_of(source.provider, source.id)
    return base + path if path else ""


def _options(kind: Kind, given: Sequence[str]) -> dict[str, object]:
    """Read name=value pairs; a value is JSON where it looks like it, a text otherwise."""
    import msgspec

    form = kind.options
    known = {field.encode_name: field.type for field in msgspec.structs.fields(form)}
    options: dict[str, object] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals or name not in known:
            raise InvalidField("option", pair, f"name=value, with a name of {', '.join(known)}")
        try:
            value: object = msgspec.json.decode(text)
        except msgspec.DecodeError:
            value = text
        # A list is written as one, or as a single value.
        options[name] = [value] if isinstance(value, str) and known[name] is not str else value
    form.of(options)
    return options


def _public(source: Source, settings: Settings) -> dict[str, object]:
    return source.public() | {"url": hook_url(source, settings)}


def _show(source: Source, settings: Settings, json: bool, polled: PollState | None = None) -> None:
    if json:
        print_json(_public(source, settings) | ({"polled": polled.public()} if polled else {}))
        return
    state: dict[str, object] = {}
    if polled:
        state = {
            "last look": moment(polled.looked_at),
            "read": polled.read,
            "polled": polled.error or polled.note or ("readable" if polled.looked_at else "not yet"),
        }
    print_facts(
        {
            "name": source.name,
            "provider": source.provider,
            "id": source.id,
            "url": hook_url(source, settings) or "–",
            "secrets": len(source.secrets),
            "options": " ".join(f"{name}={value}" for name, value in source.settings.items()) or "–",
            "last event": moment(source.last_event_at),
            "created": moment(source.created_at),
            **state,
        }
    )
    if not settings.public_url and source.provider != "api" and hook_url(source, settings):
        sys.stderr.write("Providers cannot reach this address. SENDLENS_PUBLIC_URL tells the one they can.\n")
