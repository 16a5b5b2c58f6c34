"""`sendlens tenant`."""

from tests.cli.conftest import Call


def test_a_tenant_is_created_shown_listed_and_changed(call: Call) -> None:
    made = call("tenant", "create", "acme", "Acme Ltd", "--time-zone", "Europe/Berlin", "--currency", "EUR", "--json")
    assert (made.json["slug"], made.json["name"], made.json["currency"]) == ("acme", "Acme Ltd", "EUR")
    assert call("tenant", "show", "acme", "--json").json == made.json
    assert call("tenant", "show", made.json["id"], "--json").json == made.json
    assert call("tenant", "list", "--json").json == [made.json]
    changed = call("tenant", "update", "acme", "--name", "Acme Inc", "--json").json
    assert changed == made.json | {"name": "Acme Inc"}


def test_people_get_a_table(call: Call) -> None:
    call("tenant", "create", "acme")
    call("tenant", "create", "a-tenant-with-a-long-name", "A name that would not fit into a narrow column of a table")
    answer = call("tenant", "list")
    heading, *rows = answer.out.splitlines()
    assert heading.split()[:3] == ["slug", "name", "id"]
    assert {row.split()[0] for row in rows} == {"acme", "a-tenant-with-a-long-name"}
    assert "A name that would not fit into a narrow column of a table" in answer.out
    shown = dict(line.rsplit("  ", 1) for line in call("tenant", "show", "acme").out.splitlines() if "  " in line)
    assert {name.strip(): value.strip() for name, value in shown.items()}["time zone"] == "UTC"


def test_a_wrong_value_is_explained(call: Call) -> None:
    answer = call("tenant", "create", "acme", "--time-zone", "Berlin")
    assert answer.code == 2
    assert "Europe/Berlin" in answer.err


def test_an_unknown_tenant_is_explained(call: Call) -> None:
    call("tenant", "create", "acme")
    answer = call("key", "list", "other")
    assert answer.code == 2
    assert "sendlens tenant list" in answer.err
