"""Settings: sources of events, from the choice of a provider to the first event that arrives.

Owns the pages of sources and their forms. What to do for each kind is `sources.setups`', the test event
`sources.esp.samples`', and what arrived is told by the intake.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.control.sources import API, Source
from sendlens.errors import Conflict, InvalidField, NotFound, SendlensError
from sendlens.sources.esp import Options
from sendlens.sources.esp.samples import Moment, Sample
from sendlens.sources.exporters import PROMETHEUS
from sendlens.sources.kinds import KINDS, is_polled, kind_of, title_of
from sendlens.sources.posting import POSTING, trial
from sendlens.sources.setups import ALL_SETUPS, option_words
from sendlens.web.intake.arrivals import MINUTES
from sendlens.web.intake.trial import Trial
from sendlens.web.intake.trial import post as post_trial
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.arrivals import arrivals_of
from sendlens.web.pages.frame import base_url, form, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.settings import administration, place, settings_page
from sendlens.web.pages.site import Site
from sendlens.web.pages.ways import ways
from sendlens.web.panels.arriving import heard
from sendlens.web.panels.intake import hook_url


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of sources."""

    async def one(
        request: PageRequest, visitor: Visitor, source: Source, fresh: str = "", error: SendlensError | None = None
    ) -> Response[str]:
        values = source_values(site, request, source, fresh)
        return await settings_page(
            site, request, visitor, "sources", values, template="source", title=source.name, error=error
        )

    @get("/settings/sources", include_in_schema=False)
    async def sources(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("manage_sources")
        found = await asyncio.to_thread(site.control.sources.list, visitor.tenant.id)
        rows = [
            {
                "id": source.id,
                "name": source.name,
                "title": title_of(source.provider),
                "secrets": len(source.secrets),
                "last": source.last_event_at,
                "light": light(site, source),
            }
            for source in found
        ]
        return await settings_page(site, request, visitor, "sources", {"sources": rows})

    @get("/settings/sources/new", include_in_schema=False)
    async def choose(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("manage_sources")
        values = {"groups": ways(visitor)}
        return await settings_page(site, request, visitor, "sources", values, template="choose", title="Add a source")

    async def new(
        request: PageRequest, visitor: Visitor, provider: str, error: SendlensError | None = None
    ) -> Response[str]:
        setup = ALL_SETUPS.get(provider)
        if setup is None:
            raise NotFound("there is no such provider", hint=f"Known: {', '.join(ALL_SETUPS)}.")
        secret_help = KINDS[provider].secret_help
        values = {
            "provider": provider,
            "title": title_of(provider),
            "name": provider,
            "origin": setup.origin,
            "secret_help": secret_help[:1].upper() + secret_help[1:],
            "options": option_fields(provider, {}),
        }
        return await settings_page(
            site, request, visitor, "sources", values, template="new_source", title=title_of(provider), error=error
        )

    @get("/settings/sources/new/{provider:str}", include_in_schema=False)
    async def new_source(request: PageRequest, provider: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("manage_sources")
        return await new(request, visitor, provider)

    @post("/settings/sources", include_in_schema=False)
    async def create(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        desk = administration(site, visitor)
        # Not `provider`, which is an option of seed mailboxes.
        provider = fields.get("kind", "")
        made = made_up(provider)
        secret = made or fields.get("secret", "").strip()
        try:
            options = read_options(provider, fields)
            source = await asyncio.to_thread(
                desk.create_source, fields.get("name", ""), provider, options, [secret] if secret else []
            )
        except InvalidField as error:
            return await new(request, visitor, provider, error)
        return await one(request, visitor, source, made) if made else leave(place(visitor, f"sources/{source.id}"))

    @get("/settings/sources/{source_id:str}", include_in_schema=False)
    async def source(request: PageRequest, source_id: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("manage_sources")
        return await one(request, visitor, await asyncio.to_thread(administration(site, visitor).source, source_id))

    @post("/settings/sources/{source_id:str}/{deed:str}", include_in_schema=False)
    async def change(request: PageRequest, source_id: FromPath[str], deed: FromPath[str]) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        desk = administration(site, visitor)
        source = await asyncio.to_thread(desk.source, source_id)
        here = place(visitor, f"sources/{source.id}")
        try:
            match deed:
                case "rotate":
                    made = made_up(source.provider)
                    secret = made or fields.get("secret", "").strip()
                    source = await asyncio.to_thread(desk.rotate_source, source.id, secret)
                    return await one(request, visitor, source, made) if made else leave(here)
                case "retire":
                    await asyncio.to_thread(desk.retire_source, source.id)
                case "options":
                    offered = option_words(source.provider)
                    known = {name: value for name, value in source.settings.items() if name not in offered}
                    options = known | read_options(source.provider, fields)
                    await asyncio.to_thread(desk.change_source, source.id, options)
                case "delete":
                    await asyncio.to_thread(desk.delete_source, source.id)
                    return leave(place(visitor, "sources"))
                case "test":
                    visitor.must("manage_sources")
                    await send_test(site, request, source)
                    await asyncio.to_thread(desk.note, "source.test", source.name)
                    return leave(f"{here}#arrivals")
                case _:
                    raise NotFound("this cannot be done to a source")
        except (InvalidField, Conflict) as error:
            return await one(request, visitor, source, error=error)
        return leave(here)

    return [sources, choose, new_source, create, source, change]


def source_values(site: Site, request: PageRequest, source: Source, fresh: str = "") -> dict[str, object]:
    """Return what the page of a source shows; `fresh` is a secret that was made a moment ago."""
    base = base_url(site, request)
    setup = ALL_SETUPS.get(source.provider)
    address = hook_url(base, source)
    origin = setup.origin if setup else ""
    steps = [step.format(address="the address above", source=source.id) for step in setup.steps] if setup else []
    return {
        "source": source,
        "title": title_of(source.provider),
        "provider": source.provider if setup else "",
        "light": light(site, source),
        "fresh": fresh,
        "origin": origin,
        "secret_help": KINDS[source.provider].secret_help if setup else "",
        "needs_secret": bool(setup) and origin != "none" and source.provider != PROMETHEUS and not source.secrets,
        "steps": steps,
        "testable": testable(source),
        "polled": site.control.polls.get(source.id) if is_polled(source.settings) else None,
        "shown_address": address.replace("://", f"://{fresh}@", 1) if fresh and origin == "password" else address,
        "public": bool(site.settings.public_url),
        "options": option_fields(source.provider, source.settings) if setup else [],
        "deletable": not (source.provider == API and source.name == API),
        "base": base,
        "arrivals": arrivals_of(site, source),
        "minutes": MINUTES,
        "watching": not source.last_event_at,
    }


async def send_test(site: Site, request: PageRequest, source: Source) -> None:
    """Post a test event to the source's own hook; what becomes of it is seen among what arrived."""
    if site.intake is None or not testable(source):
        raise NotFound("no test event can be sent to this source")
    url = hook_url(base_url(site, request), source)
    known = source.revealed()
    # Without a secret the request is refused, which is what the page has to tell.
    secret = known[0] if known else "sendlens:no-secret-is-set"
    moment = Moment(site.clock.now_ms(), secrets.token_hex(26))
    options = POSTING[source.provider].options.of(source.settings)
    made = await asyncio.to_thread(_made, source.provider, moment, secret, options, url)
    path = f"/hooks/{source.provider}/{source.id}"
    believed = Trial(made.secrets, made.certificate)
    await post_trial(site.intake, path, made.request.body, made.request.headers, believed, url=url)


def testable(source: Source) -> bool:
    """Return whether a test event can be posted: what is polled is no address that anybody posts to."""
    return source.provider in POSTING and not is_polled(source.settings)


def _made(provider: str, moment: Moment, secret: str, options: Options, url: str) -> Sample:
    try:
        made = trial(provider, moment, secret, options, url)
        "".join(made.request.headers.values()).encode("latin-1")  # as headers are sent
    except ValueError as error:
        raise InvalidField("secret", "(hidden)", f"cannot be used to sign: {error}") from error
    return made


def light(site: Site, source: Source) -> str:
    """Return whether a source is heard of: `on`, `quiet` or `never`."""
    return heard(source.last_event_at, site.clock.now_ms())


def made_up(provider: str) -> str:
    """Return a new secret if we make it up for this provider; nothing if the provider gives it."""
    setup = ALL_SETUPS.get(provider)
    if setup is None or setup.origin not in {"password", "token"}:
        return ""
    token = secrets.token_urlsafe(24)
    return f"sendlens:{token}" if setup.origin == "password" else token


def option_fields(provider: str, values: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the fields of a provider's options, filled in; each is a `check`, one `line` or `many`."""
    forms = _forms(provider)
    fields: list[dict[str, object]] = []
    for name, words in option_words(provider).items():
        value = values.get(name) or ""
        shown = "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON of the control plane
        form = {bool: "check", tuple: "many"}.get(forms[name], "line")
        fields.append({"name": name, "help": words, "value": shown, "form": form})
    return fields


def read_options(provider: str, fields: Mapping[str, str]) -> dict[str, object]:
    """Return the options of a submitted form; those that were left empty are left out. Raises `InvalidField`."""
    forms = _forms(provider)
    options: dict[str, object] = {}
    for name in option_words(provider):
        text = fields.get(name, "").strip()
        if not text:
            continue
        if forms[name] is tuple:
            options[name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif forms[name] is bool:
            options[name] = True
        elif forms[name] is int:
            if not text.isdecimal():
                raise InvalidField(name, text, "a whole number")
            options[name] = int(text)
        else:
            options[name] = text
    kind_of(provider).options.of(options)
    return options


def _forms(provider: str) -> dict[str, type]:
    """Return what kind of value each option has, by what it is if nobody sets it."""
    return {field.encode_name: type(field.default) for field in msgspec.structs.fields(kind_of(provider).options)}
