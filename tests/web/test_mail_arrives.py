"""A source of mail that is posted to: its page has a test, and shows what came and what it was taken for."""

from typing import Any

from tests.web.conftest import Running

TOKEN = "a-long-token-of-the-source"


def made(running: Running, name: str, **options: Any) -> str:
    body = {"provider": "mail", "name": name, "secrets": [TOKEN], "options": options}
    answer = running.ask("POST", "/v1/sources", "admin", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_a_test_mail_goes_all_the_way_and_is_shown(running: Running) -> None:
    source = made(running, "bounces")
    page = f"/settings/sources/{source}"
    assert "Nothing yet." in running.ask("GET", page).text
    own = {"sec-fetch-site": "same-origin"}
    assert running.ask("POST", f"{page}/test", data={"x": "y"}, headers=own).status_code == 303
    shown = running.ask("GET", page).text
    for words in (
        "1 event accepted",
        "Action: delivered",
        "&#34;native_type&#34;: &#34;dsn.delivered&#34;",
        "sendlens-test",
    ):
        assert words in shown, words
    running.settle()
    stored = running.parts.store.fetch_internal("SELECT type, recipient, campaign_id FROM events").rows
    assert stored == [("delivered", "test@example.com", "sendlens-test")]

    # What brings no event is shown as what it was taken for.
    answer = "Subject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday.\n"
    posted = running.ask("POST", f"/hooks/mail/{source}?token={TOKEN}", content=answer.encode())
    assert posted.status_code == 200, posted.text
    shown = running.ask("GET", page).text
    assert "Back on Monday." in shown
    assert "&#34;kind&#34;: &#34;auto_reply&#34;" in shown

    polled = made(running, "polled", mailbox="imaps://ada@mail.example.com/INBOX")
    assert "Send a test event" not in running.ask("GET", f"/settings/sources/{polled}").text
    assert running.ask("POST", f"/settings/sources/{polled}/test", data={"x": "y"}, headers=own).status_code == 404
