"""Errors that name the mistake, what was seen and the next step; one shape (RFC 9457) at every edge.

Owns the exception tree and its HTTP status. Leaves to `web` how an answer is written, and to `cli` how a terminal
shows it.
"""

from __future__ import annotations

from typing import Self

import msgspec

PROBLEM_BASE = "https://sendlens.dev/problems/"
"""Prefix of problem types; the pages behind it are `docs/problems.md`."""


class SendlensError(Exception):
    """A mistake we can explain.

    `kind` is the problem type's last path segment, `title` its fixed short name, `detail` this case, `hint` what to
    do next. `extra` carries members of the problem document beyond the standard ones, `headers` those of the answer.
    """

    status: int = 500
    kind: str = "internal"
    title: str = "Something went wrong inside Sendlens"

    def __init__(self, detail: str, *, hint: str = "", extra: dict[str, object] | None = None) -> None:
        """Keep what happened and the next step."""
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.extra = extra or {}
        self.retry_after: int | None = None
        self.headers: dict[str, str] = {}

    def problem(self) -> dict[str, object]:
        """Return the RFC 9457 problem document."""
        document: dict[str, object] = {
            "type": PROBLEM_BASE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.hint:
            document["hint"] = self.hint
        return document | self.extra


class BadRequest(SendlensError):
    """The request as a whole cannot be read."""

    status, kind, title = 400, "bad-request", "The request cannot be read"


class InvalidField(SendlensError):
    """A field has a value that is not accepted."""

    status, kind, title = 400, "invalid-field", "A field has a value that is not accepted"

    def __init__(self, field: str, value: object, detail: str, *, hint: str = "") -> None:
        """Name the field, the value seen and what is accepted."""
        shown = repr(value)
        shown = shown if len(shown) <= 120 else shown[:117] + "..."
        super().__init__(f"{field}: {detail} (got {shown})", hint=hint, extra={"field": field})
        self.field = field
        self.accepted = detail
        self.shown = shown


class Unauthorized(SendlensError):
    """No valid credential was shown."""

    status, kind, title = 401, "unauthorized", "No valid credential was shown"


class Forbidden(SendlensError):
    """The credential is valid but does not allow this."""

    status, kind, title = 403, "forbidden", "This credential does not allow that"


class NotFound(SendlensError):
    """The thing does not exist for this tenant."""

    status, kind, title = 404, "not-found", "There is nothing here"


class Conflict(SendlensError):
    """The request makes sense, but not with things as they are."""

    status, kind, title = 409, "conflict", "This cannot be done as things are"


class TooLarge(SendlensError):
    """The body is larger than the door accepts."""

    status, kind, title = 413, "too-large", "The body is too large"


class UnsupportedMediaType(SendlensError):
    """The body is of a type or in an encoding that this address does not read."""

    status, kind, title = 415, "unsupported-media-type", "This kind of body is not read here"


class MethodNotAllowed(SendlensError):
    """The address exists, but not for this method."""

    status, kind, title = 405, "method-not-allowed", "This address does not answer that method"


class TooBusy(SendlensError):
    """The caller is over its rate."""

    status, kind, title = 429, "too-busy", "Too many requests"

    def __init__(
        self, detail: str, *, retry_after: int = 1, hint: str = "", extra: dict[str, object] | None = None
    ) -> None:
        """Say in how many seconds to try again."""
        super().__init__(detail, hint=hint, extra=extra)
        self.retry_after = retry_after


class Unavailable(SendlensError):
    """We cannot keep the promise of a 202 right now."""

    status, kind, title = 503, "unavailable", "Not able to accept this now"

    def __init__(self, detail: str, *, retry_after: int = 2, hint: str = "") -> None:
        """Say in how many seconds to try again."""
        super().__init__(detail, hint=hint)
        self.retry_after = retry_after


class SettingsError(SendlensError):
    """A setting has a value that is not accepted; the process does not start."""

    kind, title = "settings", "A setting is wrong"


class StoreError(SendlensError):
    """The store refused or failed."""

    status, kind, title = 503, "store", "The store did not answer"


class DataDirectoryInUse(SendlensError):
    """Another process holds the data directory."""

    kind, title = "data-directory-in-use", "Another Sendlens holds this data directory"


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """Why one record of a request was refused; its neighbours are not affected.

    `error` is the whole sentence for the sender. Its parts, for who counts and lists rejections: `reason` is the same
    for records with the same mistake, `value` is what was seen, and `hint` the next step.
    """

    index: int
    field: str
    error: str
    reason: str = ""
    value: str = ""
    hint: str = ""

    @classmethod
    def of(cls, index: int, error: InvalidField) -> Self:
        """Return the rejection of a record because of one of its fields."""
        said = f"{error.detail}. {error.hint}" if error.hint else error.detail
        return cls(
            index=index, field=error.field, error=said, reason=error.accepted, value=error.shown, hint=error.hint
        )
