"""Mail as a source of its own kind: how a post proves itself, and what its body becomes.

Owns the entry that the intake and the command line know of. Reporters of TLS and mail gateways can set no header
of ours, so that the secret may stand in the address as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sendlens.errors import Unauthorized
from sendlens.model.events import RecordKind
from sendlens.sources.esp import proof
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.mail.options import PROVIDER as NAME
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.received import Mapped, Received

if TYPE_CHECKING:
    from sendlens.sources.mail.dispatch import Understood
    from sendlens.sources.mail.leaving import SecretsOf

TOKEN: Final = "token"  # noqa: S105 (the name of a parameter)
"""The parameter of the address that may hold the secret."""


def parse(received: Received, options: Options) -> Mapped:
    """Return the records of one mail or report file. Raises `BadRequest` for an empty body."""
    told = options if isinstance(options, MailOptions) else MailOptions()
    return read(received.body, told, received.received_at, received.secrets_of)


def read(data: bytes, options: MailOptions, received_at: int, secrets_of: SecretsOf) -> Mapped:
    """Return the records of one mail, however it came. Raises `BadRequest` for an empty one."""
    # Not at the top: the tables of words become patterns, which takes a while, and only mails need them.
    from sendlens.sources.mail import dispatch

    return mapped(dispatch.read(data, options, received_at, secrets_of))


def mapped(found: Understood) -> Mapped:
    """Return what was understood of a mail in the form that the door takes."""
    about: dict[str, object] = {
        "kind": found.kind,
        "events": [{"type": str(one.type), "recipient": one.recipient} for one in found.events[:_MOST_TOLD]],
        "dmarc_records": len(found.dmarc),
        "tls_reports": len(found.tls),
        "problems": found.problems,
    }
    told = Mapped(records=found.events, rejected=found.rejected, understood=about)
    if found.dmarc:
        told.reports[RecordKind.DMARC] = found.dmarc
    if found.tls:
        told.reports[RecordKind.TLS_REPORT] = found.tls
    return told


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.need_secrets(secrets, PROVIDER.title, "token, or user name and password")
    if token := received.query.get(TOKEN, ""):
        if not proof.same(token, secrets):
            raise Unauthorized("the token in the address is wrong")
        return
    proof.authorization(received, secrets, PROVIDER.title)


_MOST_TOLD: Final = 100

PROVIDER: Final = Provider(
    name=NAME,
    title="Mail",
    campaign_from=(),
    max_age_minutes=0,
    secret_help="password of the mailbox that is polled, or a token of your own choice for posts",  # noqa: S106 (help)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=parse,
    options=MailOptions,
)
