"""HTML over HTTP: who may send, see and delete it, and how the frame keeps it apart."""

from tests.web.conftest import Running

MAIL = '<h1>Hi</h1><a href="https://shop.example/a" onclick="x()">A</a><script>1</script> ann@x.example'
HTML = {"content-type": "text/html; charset=utf-8"}


def test_html_is_sent_shown_safely_and_deleted(running: Running) -> None:
    where = "/v1/html/campaigns/spring/2026"
    put = running.ask("PUT", f"{where}?variant=A", "ingest", content=MAIL, headers=HTML)
    assert put.status_code == 200, put.text
    assert (put.json()["of"], put.json()["name"], put.json()["variant"]) == ("campaign", "spring/2026", "A")
    got = running.ask("GET", f"{where}?variant=A", "read")
    assert (got.text, got.headers["content-type"].partition(";")[0]) == (MAIL, "text/plain")

    frame = running.ask("GET", "/click-map/spring/2026")
    assert frame.status_code == 200, frame.text
    assert "default-src 'none'" in frame.headers["content-security-policy"]
    assert "sandbox;" in frame.headers["content-security-policy"]
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert "<h1>Hi</h1>" in frame.text
    assert all(bad not in frame.text for bad in ("<script", "onclick", "href=", "src="))
    panel = running.ask("GET", "/panels/click-map?campaign=spring%2F2026").text
    assert 'sandbox=""' in panel
    assert "frame-src 'self'" in running.ask("GET", "/campaigns/spring%2F2026").headers["content-security-policy"]

    told = running.ask("GET", "/v1/click-map/spring/2026", "read").json()
    assert [(one["place"], one["text"], one["clicks"]["human_clickers"]) for one in told["places"]] == [(0, "A", 0)]

    # A mail that names somebody loses them with their erasure, and keeps the rest.
    gone = running.ask("POST", "/v1/person/erase", "admin", json={"recipient": "Ann@X.example"}).json()
    assert gone["clean"], gone
    assert running.ask("GET", f"{where}?variant=A", "read").text == MAIL.replace("ann@x.example", "")

    assert running.ask("DELETE", f"{where}?variant=A", "admin").status_code == 204
    assert running.ask("GET", f"{where}?variant=A", "read").status_code == 404
    assert running.ask("GET", "/click-map/spring/2026").status_code == 404


def test_what_is_refused_says_why(running: Running) -> None:
    where = "/v1/html/templates/letter"
    asked = {
        401: running.ask("PUT", where, content=MAIL, headers=HTML),
        403: running.ask("PUT", where, "read", content=MAIL, headers=HTML),
        415: running.ask("PUT", where, "ingest", content=MAIL, headers={"content-type": "text/plain"}),
        413: running.ask("PUT", where, "ingest", content="x" * 600_000, headers=HTML),
        400: running.ask("PUT", where, "ingest", content="<b><p>" * 50_000, headers=HTML),
        404: running.ask("DELETE", where, "admin"),
    }
    for status, answer in asked.items():
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert running.ask("DELETE", where, "ingest").status_code == 403
    other = running.parts.control.tenants.create("other", "Other")
    running.ask("PUT", where, "ingest", content=MAIL, headers=HTML)
    _, key = running.parts.control.keys.create(other.id, "other", ["read", "ingest"])
    assert running.ask("GET", where, headers={"authorization": f"Bearer {key}"}).status_code == 404
