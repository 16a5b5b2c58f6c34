"""A fresh data directory and a way to call commands in it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sendlens import cli


class Answer(NamedTuple):
    """What a command printed on both streams, and its exit code."""

    out: str
    err: str
    code: int

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Answer]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory that commands find in the environment."""
    directory = tmp_path / "data"
    monkeypatch.setenv("SENDLENS_DATA", str(directory))
    for name in ("SENDLENS_CONTROL", "SENDLENS_PUBLIC_URL", "SENDLENS_SECRET_KEY", "SENDLENS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return directory


@pytest.fixture
def call(data: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call `sendlens` with these words."""

    def run(*words: str) -> Answer:
        code = 0
        try:
            cli.main(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        printed = capsys.readouterr()
        return Answer(printed.out, printed.err, code)

    return run
