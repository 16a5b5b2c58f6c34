"""The life of one message as a route of the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from sendlens.errors import InvalidField
from sendlens.metrics.message import Message, Messages, Step, Verdict
from sendlens.metrics.query import Metrics
from sendlens.web.api.access import AnyRequest, tenant_of
from sendlens.web.api.answers import time


class VerdictAnswer(msgspec.Struct, kw_only=True):
    """Who caused an open or click: human, proxy, machine or unknown, why, and how sure that is (0 to 100)."""

    actor: str
    reason: str
    confidence: int


class StepAnswer(msgspec.Struct, kw_only=True):
    """One thing that happened; `after_ms` since the step before. `corrected` are verdicts that were taken back."""

    at: str
    received_at: str
    after_ms: int | None
    type: str
    verdict: VerdictAnswer
    corrected: list[VerdictAnswer]
    taken_back: bool
    told: dict[str, str]


class MessageAnswer(msgspec.Struct, kw_only=True):
    """The life of one message. `complete` is false where it has more events than are told."""

    key: str
    message_id: str
    recipient: str
    recipient_key: str
    campaign_id: str
    campaign: str
    facts: dict[str, str]
    steps: list[StepAnswer]
    complete: bool


def message_route(metrics: Metrics) -> HTTPRouteHandler:
    """Return the route of a message."""
    messages = Messages(metrics)

    @get("/messages/{message:path}", sync_to_thread=True, accepts=("recipient",))
    def one_message(
        request: AnyRequest,
        message: FromPath[Path],
        recipient: Annotated[
            str, QueryParameter(description="Whose, where a message id has several recipients.", max_length=512)
        ] = "",
    ) -> MessageAnswer:
        """Everything that happened to one message, found by its key or message id, in order."""
        wanted = str(message).removeprefix("/")
        found = messages.find(tenant_of(request), wanted, recipient)
        if len(found) > 1:
            raise InvalidField(
                "message",
                wanted,
                f"is the id of {len(found)} messages",
                hint=f"Add recipient=, or ask by key: {', '.join(one.key for one in found[:10])}.",
            )
        return answer(messages.get(tenant_of(request), found[0].key))

    return one_message


def answer(one: Message) -> MessageAnswer:
    """Return a message."""
    return MessageAnswer(
        key=one.key,
        message_id=one.message_id,
        recipient=one.recipient,
        recipient_key=one.recipient_key,
        campaign_id=one.campaign_id,
        campaign=one.campaign,
        facts=one.facts,
        steps=[_step(step) for step in one.steps],
        complete=one.complete,
    )


def _step(one: Step) -> StepAnswer:
    return StepAnswer(
        at=time(one.at),
        received_at=time(one.received_at),
        after_ms=one.after_ms,
        type=one.type,
        verdict=_verdict(one.verdict),
        corrected=[_verdict(verdict) for verdict in one.corrected],
        taken_back=one.taken_back,
        told={name: str(value) for name, value in one.told.items()},
    )


def _verdict(one: Verdict) -> VerdictAnswer:
    return VerdictAnswer(actor=one.actor, reason=one.reason, confidence=one.confidence)
