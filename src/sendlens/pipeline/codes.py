"""Columns of texts as codes: each distinct text once, and for each row the place of its text.

Owns the arrangement in which enrichment works: a question about a user agent or a domain is asked once per distinct
text, and the answers are spread over the rows. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Places = NDArray[np.int64]

LABEL: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Coded:
    """A column of texts: `texts[codes[row]]` is the text of a row."""

    codes: Places
    texts: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Coded:
        """Return a column as codes. Raises pyarrow's errors for what is no valid text."""
        labels = pa.array(texts, type=LABEL)
        return cls(labels.indices.to_numpy().astype(np.int64), labels.dictionary.to_pylist())

    def at(self, row: int) -> str:
        """Return the text of a row."""
        return self.texts[int(self.codes[row])]

    def filled(self) -> NDArray[np.bool_]:
        """Return which rows have a text that is not empty."""
        return np.array([text != "" for text in self.texts], dtype=np.bool_)[self.codes]

    def spread(self, answers: Sequence[str]) -> Coded:
        """Return the column of the answers to each distinct text."""
        texts = list(dict.fromkeys(answers))
        places = {text: place for place, text in enumerate(texts)}
        return Coded(np.array([places[answer] for answer in answers], dtype=np.int64)[self.codes], texts)

    def labels(self) -> pa.DictionaryArray:
        """Return the column as the store takes labels: a dictionary of distinct texts."""
        return pa.DictionaryArray.from_arrays(pa.array(self.codes.astype(np.int32)), pa.array(self.texts, pa.string()))

    def __bool__(self) -> bool:
        """Tell whether any row may have a text that is not empty."""
        return any(self.texts)


def combined(*columns: Coded) -> tuple[Places, Places]:
    """Return for each distinct combination of texts the first row that has it, and for each row its combination."""
    codes = np.zeros(len(columns[0].codes), dtype=np.int64)
    for column in columns:
        codes = codes * max(1, len(column.texts)) + column.codes
    _, firsts, which = np.unique(codes, return_index=True, return_inverse=True)
    return firsts, which
