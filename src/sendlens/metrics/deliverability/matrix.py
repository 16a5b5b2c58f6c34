"""The matrix: mailbox providers by metrics, every cell with its course, so that one look tells who has a problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sendlens.metrics.figures import Figure
from sendlens.metrics.query import Metrics, Scope, Series
from sendlens.metrics.thresholds import Level, level

MATRIX_METRICS: Final = (
    "sent",
    "delivery_rate",
    "deferral_rate",
    "hard_bounce_rate",
    "soft_bounce_rate",
    "block_rate",
    "complaint_rate",
    "unsubscribe_rate",
    "open_rate",
)
MOST_PROVIDERS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One provider: its figures, how bad each is, and the values of each along time (None where there is no mail)."""

    provider: str
    label: str
    figures: dict[str, Figure]
    levels: dict[str, Level]
    course: dict[str, list[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The largest providers; `buckets` are the beginnings of the steps of every course, as dates or times."""

    interval: str
    buckets: tuple[str, ...]
    unfinished_from: int | None
    rows: list[MatrixRow]
    total_rows: int


def matrix(metrics: Metrics, scope: Scope, limit: int = MOST_PROVIDERS) -> Matrix:
    """Return the matrix of the period: one question for the rows, one for all their courses."""
    asked = replace(scope, compare=None)
    table = metrics.breakdown(asked, MATRIX_METRICS, "provider", limit=limit)
    courses = metrics.courses(asked, MATRIX_METRICS, "provider", [row.value for row in table.rows])
    rows = [
        MatrixRow(
            provider=row.value,
            label=row.label,
            figures=row.figures,
            levels={key: level(one) for key, one in row.figures.items()},
            course={key: [one.value for one in points] for key, points in courses[row.value].figures.items()},
        )
        for row in table.rows
    ]
    first: Series | None = next(iter(courses.values()), None)
    return Matrix(
        interval=first.interval if first else "day",
        buckets=first.labels if first else (),
        unfinished_from=first.unfinished_from if first else None,
        rows=rows,
        total_rows=table.total_rows,
    )
