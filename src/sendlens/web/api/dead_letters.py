"""The routes of dead letters and of the fuse: what could not be processed, trying again, and letting a source in again.

Owns addresses, parameters and answers. Leaves the letters to `control`, the replay and the fuse to `pipeline`.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import JSONBody, QueryParameter

from sendlens.control.control import Control
from sendlens.control.deadletters import Cause, DeadLetter, DeadLetters, Wanted
from sendlens.errors import InvalidField
from sendlens.pipeline.fuse import Blown, Fuse
from sendlens.pipeline.parking import Parking
from sendlens.pipeline.replay import Replay, Replayed
from sendlens.web.api.access import ADMIN, READ, Access, AnyRequest, may_of, tenant_of
from sendlens.web.api.acting import administration
from sendlens.web.api.answers import time
from sendlens.web.api.requests import RequestIds
from sendlens.web.api.router import known_parameters, problem_handlers

_Source = Annotated[str, QueryParameter(description="Only letters of this source.", max_length=64)]
_Reason = Annotated[str, QueryParameter(description="Only letters whose reason contains this.", max_length=500)]
_Most = Annotated[int, QueryParameter(ge=1, le=1000, description="Most letters in the answer.")]
_After = Annotated[
    int, QueryParameter(ge=0, le=2**63 - 1, description="Only letters behind this id: `more_after` of an answer.")
]
_LetterId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Settled = Annotated[bool, QueryParameter(description="Also those that were replayed.")]


class LetterAnswer(msgspec.Struct, kw_only=True):
    """One dead letter. `record` is as it was accepted; null for a whole block, and for keys without `admin`.

    A block is `parked` where its source is stopped: nobody tried to process it, and it comes back with its source.
    """

    id: int
    source: str
    kind: str
    reason: str
    at: str
    received_at: str
    request_id: str
    batch_id: int
    records: int
    replayed_at: str | None
    parked: bool
    record: object


class LettersAnswer(msgspec.Struct, kw_only=True):
    """A page of dead letters, the oldest first; `waiting` counts those that match and were not replayed."""

    waiting: int
    letters: list[LetterAnswer]
    causes: list[Cause]
    more_after: int | None


class ReplayRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which letters to replay: `ids`, those of a `source`, those with a text in the `reason`, or `all`."""

    ids: list[_LetterId] = []
    source: str = ""
    reason: str = ""
    all: bool = False


class FusesAnswer(msgspec.Struct, kw_only=True):
    """The sources of the tenant that are stopped."""

    stopped: list[FuseAnswer]


class FuseAnswer(msgspec.Struct, kw_only=True):
    """A source that is stopped, since when and why; `parked` says that its records wait and others' are stored."""

    source: str
    batch_id: int
    records: int
    dead: int
    reason: str
    since: str
    parked: bool


class ResetRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The source to let in again, as `GET /v1/fuses` names it."""

    source: str


def dead_letter_router(control: Control, replay: Replay, fuse: Fuse, parking: Parking) -> Router:
    """Return the router of `/v1/dead-letters` and `/v1/fuses`; asking needs the scope `read`, changing `admin`."""
    return Router(
        path="/v1",
        route_handlers=[
            _for(control, READ, [*_reading(control.deadletters, fuse)]),
            _for(control, ADMIN, [*_changing(control, replay, parking)]),
        ],
        before_request=known_parameters,
        exception_handlers=problem_handlers(),  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        middleware=[RequestIds],
        cache_control=CacheControlHeader(no_store=True),
        security=[{"key": list[str]()}],
        tags=["Dead letters"],
    )


def _for(control: Control, scope: str, handlers: list[HTTPRouteHandler]) -> Router:
    access = Access(control.keys, control.tenants, scope)

    # TRICKY: a function, as in `router`: Litestar deep-copies nested routers, and with a bound method its object.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await access.guard(connection, handler)

    return Router(path="/", route_handlers=handlers, guards=[guard])


def _reading(letters: DeadLetters, fuse: Fuse) -> list[HTTPRouteHandler]:
    @get("/dead-letters", sync_to_thread=True, accepts=("source", "reason", "replayed", "after", "limit"))
    def dead_letters(
        request: AnyRequest,
        source: _Source = "",
        reason: _Reason = "",
        replayed: _Settled = False,
        after: _After = 0,
        limit: _Most = 100,
    ) -> LettersAnswer:
        """Records that were accepted and could not be processed, the oldest first."""
        tenant, wanted = tenant_of(request).id, Wanted(source=source, reason=reason)
        shown = may_of(request, "replay_dead_letters")
        found = letters.list(tenant, wanted, after=after, most=limit + 1, waiting=not replayed)
        return LettersAnswer(
            waiting=letters.count(tenant, wanted),
            letters=[_letter(one, shown=shown) for one in found[:limit]],
            causes=letters.causes(tenant),
            more_after=found[limit - 1].id if len(found) > limit else None,
        )

    @get("/fuses", sync_to_thread=False, accepts=())
    def fuses(request: AnyRequest) -> FusesAnswer:
        """Sources that are stopped, because too many of their latest records could not be processed."""
        return FusesAnswer(stopped=[_fuse(one) for one in fuse.blown(tenant_of(request).id)])

    return [dead_letters, fuses]


def _changing(control: Control, replay: Replay, parking: Parking) -> list[HTTPRouteHandler]:
    async def note(request: AnyRequest, action: str, about: str) -> None:
        await asyncio.to_thread(lambda: administration(control, request).note(action, about))

    @post("/dead-letters/replay", status_code=200, accepts=())
    async def replay_letters(request: AnyRequest, data: JSONBody[ReplayRequest]) -> Replayed:
        """Bring dead letters back into the log; they are processed within a moment, or become letters again."""
        if not (data.ids or data.source or data.reason or data.all):
            raise InvalidField("ids", [], "name ids, a source, a reason, or all")
        if len(data.ids) > 1000:
            raise InvalidField("ids", f"{len(data.ids)} ids", "at most 1000; name a source or a reason instead")
        wanted = Wanted(source=data.source, reason=data.reason, ids=tuple(data.ids))
        done = await replay.replay(tenant_of(request).id, wanted)
        await note(request, "letters.replay", f"{done.letters} letters")
        return done

    @post("/fuses/reset", status_code=200, accepts=())
    async def reset_fuse(request: AnyRequest, data: JSONBody[ResetRequest]) -> FuseAnswer:
        """Let a source in again; its parked records come back, and those that cannot be processed are set aside."""
        done = _fuse(await parking.reset(tenant_of(request).id, data.source))
        await note(request, "fuse.reset", data.source)
        return done

    return [replay_letters, reset_fuse]


def _letter(one: DeadLetter, *, shown: bool) -> LetterAnswer:
    record: object = None
    if shown and not one.is_block:
        try:
            record = msgspec.json.decode(one.body)
        except msgspec.DecodeError:
            record = None
    return LetterAnswer(
        id=one.id,
        source=one.source,
        kind=one.kind,
        reason=one.reason,
        at=time(one.at),
        received_at=time(one.received_at),
        request_id=one.request_id,
        batch_id=one.batch_id,
        records=one.records,
        replayed_at=time(one.replayed_at) if one.replayed_at else None,
        parked=one.parked,
        record=record,
    )


def _fuse(one: Blown) -> FuseAnswer:
    return FuseAnswer(
        source=one.source,
        batch_id=one.batch_id,
        records=one.records,
        dead=one.dead,
        reason=one.reason,
        since=time(one.at),
        parked=one.parks,
    )
