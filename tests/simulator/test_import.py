import asyncio
import gzip
import json

import httpx
import pytest

from sendlens import cli
from sendlens.cli.import_ import Import
from sendlens.errors import BadRequest, NotFound
from sendlens.sources.files import batches, records
from tests.simulator.server import SmallServer

GOOD = '{"type": "opened", "id": "%s", "recipient": "a@example.com", "occurred_at": "2026-11-20T08:00:00Z"}'


def run(server, *files, rejects=None, source="", parallel=2):
    wanted = Import(files, "/v1/events", source, rejects, parallel)
    return asyncio.run(wanted.run("http://test", "key", httpx.ASGITransport(app=server)))


def bodies(*files):
    return [json.loads(record.body) for record in records(files)]


def test_broken_lines_are_named_and_their_neighbours_land(tmp_path, capsys):
    file, rejects = tmp_path / "events.ndjson", tmp_path / "rejects.ndjson"
    lines = [GOOD % 1, "", GOOD % 2, '{"type": "opened"', GOOD % 3, '{"type": "opened", "id": "4"}', GOOD % 5]
    file.write_text("\n".join(lines) + "\n")
    server = SmallServer()
    assert run(server, file, rejects=rejects) == 2
    assert set(server.stored) == {"1", "2", "3", "5"}
    told = capsys.readouterr()
    assert "6 records: 4 accepted, 2 rejected" in told.out
    assert f"{file}:4: " in told.err
    assert f"{file}:6: recipient" in told.err
    assert rejects.read_text().splitlines() == [lines[3], lines[5]]


def test_an_import_that_is_repeated_adds_nothing(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(GOOD % n for n in range(2_500)))
    server = SmallServer("late")
    assert run(server, file) == 0
    assert run(server, file) == 0
    assert len(server.stored) == 2_500
    assert len(server.requests) == 7


def test_csv_headings_are_field_names(tmp_path):
    file = tmp_path / "events.csv"
    file.write_text(
        "\ufefftype,recipient,occurred_at,untracked,tags,value,currency,note\n"
        "converted,a@example.com,2026-11-20T08:00:00Z,,,12.50,EUR,\n"
        '\ninjected,b@example.com,1795132800,TRUE,"a; b",,,"two\nlines"\n'
        "opened,,2026-11-20T08:00:00Z,,,,,\n"
    )
    first, second, third = bodies(file)
    assert first == {
        "type": "converted", "recipient": "a@example.com", "occurred_at": "2026-11-20T08:00:00Z", "value": "12.50",
        "currency": "EUR",
    }  # fmt: skip
    assert second["untracked"] is True
    assert second["tags"] == ["a", "b"]
    assert third == {"type": "opened", "occurred_at": "2026-11-20T08:00:00Z"}
    server = SmallServer()
    assert run(server, file) == 1
    kept = sorted(server.stored.values(), key=lambda event: event.recipient)
    assert [(event.type, event.untracked, event.metadata) for event in kept] == [
        ("converted", False, {}),
        ("injected", True, {"note": "two\nlines"}),
    ]


def test_lines_of_csv_are_counted_as_editors_do(tmp_path, capsys):
    file = tmp_path / "events.csv"
    file.write_text("type,recipient,occurred_at\n\nopened,a@example.com,yesterday\n")
    assert run(SmallServer(), file) == 1
    assert f"{file}:3: occurred_at" in capsys.readouterr().err


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_files_may_be_arrays_or_objects_with_events(tmp_path, wrapped):
    events = [json.loads(GOOD % n) for n in range(3)]
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"events": events} if wrapped else events, indent=2))
    assert bodies(file) == events
    assert all(b"\n" not in record.body for record in records([file]))


def test_lines_of_json_in_a_json_file(tmp_path):
    file = tmp_path / "events.json"
    file.write_text(GOOD % 1 + "\n" + GOOD % 2)
    assert [event["id"] for event in bodies(file)] == ["1", "2"]


def test_packed_files(tmp_path):
    file = tmp_path / "events.csv.gz"
    file.write_bytes(gzip.compress(b"type,recipient\nopened,a@example.com\n"))
    assert bodies(file) == [{"type": "opened", "recipient": "a@example.com"}]


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(NotFound, match=r"missing\.csv cannot be read"):
        list(records([tmp_path / "missing.csv"]))
    for name, body in (("a.json", "[{]"), ("b.csv", "")):
        (tmp_path / name).write_text(body)
        with pytest.raises(BadRequest, match=name):
            list(records([tmp_path / name]))
    (tmp_path / "c.csv.gz").write_bytes(b"not packed")
    with pytest.raises(NotFound, match="cannot be read"):
        list(records([tmp_path / "c.csv.gz"]))


def test_batches_are_bounded_by_records_and_bytes(tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join([GOOD % 1] * 1_500 + ['{"raw": "%s"}' % ("x" * 1_500_000)] * 3))
    assert [len(batch) for batch in batches(records([file]))] == [1_000, 501, 1, 1]


def test_the_source_is_told(tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text(GOOD % 1)
    server = SmallServer()
    run(server, file, source="old-provider")
    assert server.requests[0]["x-sendlens-source"] == "old-provider"


def test_the_command_asks_for_a_key(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SENDLENS_API_KEY", raising=False)
    with pytest.raises(SystemExit) as end:
        cli.main(["import", str(tmp_path / "events.csv")])
    assert end.value.code == 2
    assert "sendlens key create" in capsys.readouterr().err
