import email
import re
from email import policy
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.errors import BadRequest, InvalidField, NotFound, TooLarge
from sendlens.sources.tracking import Kind, Message, Tracker, instrument, instrument_mail
from sendlens.sources.tracking.rewrite import LARGEST_HTML, UNSUBSCRIBE_MARK
from sendlens.sources.tracking.token import Told, opened

SECRET = "a-long-secret-of-the-source"
TRACKER = Tracker("https://t.example.com/", "src_1", SECRET)
MESSAGE = Message(message_id="m1@example.com", recipient="ada@example.org", campaign_id="spring", variant="B")
ADDRESS = re.compile(r"https://t\.example\.com/t/([ocru])/src_1/([\w-]+)")


def told(text: str) -> list[tuple[Kind, Told]]:
    """Return what the addresses in a text say, in their order."""
    return [
        (Kind(kind), opened(Kind(kind), "src_1", token, [SECRET])) for kind, token in ADDRESS.findall(unescape(text))
    ]


def targets(text: str) -> list[tuple[int, str]]:
    return [(one.link_position, one.url) for kind, one in told(text) if kind is Kind.CLICK]


def test_links_are_replaced_and_everything_else_stays_to_the_letter() -> None:
    html = (
        "<HTML><body bgcolor=red>\r\n<!-- <p> --><style>a > b {}</style>\n"
        "<A class=x HREF='https://shop.example/a?x=1&amp;y=2'>one</A>"
        '<a title="href=no" href=https://shop.example/b>two</a>'
        '<a name="top">no link</a><area shape=rect href="http://shop.example/c" /></body>\n</HTML>'
    )
    made = instrument(html, TRACKER, MESSAGE)
    assert targets(made.html) == [
        (0, "https://shop.example/a?x=1&y=2"),
        (1, "https://shop.example/b"),
        (2, "http://shop.example/c"),
    ]
    back = re.sub(r'"https://t\.example\.com/t/c/[^"]*"', "LINK", made.html)
    back = re.sub(r"<img src=[^>]*>", "", back)
    plain = html
    for was in ("'https://shop.example/a?x=1&amp;y=2'", "https://shop.example/b", '"http://shop.example/c"'):
        plain = plain.replace(was, "LINK")
    assert back == plain
    assert made.html.index("<img ") < made.html.index("</body>")


@pytest.mark.parametrize(
    "address",
    ["mailto:ada@example.org", "#top", "tel:+4930123", "/relative", "{{ profile_url }}", "https://x.example/*|ID|*",
     "javascript:alert(1)", "https://", "http://[broken", ""],
)  # fmt: skip
def test_what_is_no_finished_web_address_stays_and_keeps_its_place(address: str) -> None:
    html = f'<a href="{address}">x</a><a href="https://shop.example/">y</a>'
    made = instrument(html, TRACKER, MESSAGE, pixel=False)
    assert f'<a href="{address}">' in made.html
    assert targets(made.html) == [(1, "https://shop.example/")]
    assert made.places[0].left_alone
    assert not made.places[1].left_alone


def test_a_link_may_be_left_alone_and_named() -> None:
    html = '<a data-sendlens-off href="https://a.example">x</a><a data-link-id="cta" href="https://b.example">y</a>'
    made = instrument(html, TRACKER, MESSAGE)
    assert [(place.position, place.link_id, place.left_alone) for place in made.places] == [
        (0, "", "asked for"),
        (1, "cta", ""),
    ]
    assert [one.link_id for kind, one in told(made.html) if kind is Kind.CLICK] == ["cta"]


def test_copies_for_outlook_are_rewritten_and_take_no_place() -> None:
    html = (
        '<!--[if mso]><v:roundrect href="https://shop.example/buy"></v:roundrect><![endif]-->'
        '<a href="https://shop.example/buy">Buy</a>'
    )
    made = instrument(html, TRACKER, MESSAGE)
    assert targets(made.html) == [(-1, "https://shop.example/buy"), (0, "https://shop.example/buy")]
    assert len(made.places) == 1


def test_pixel_honeypot_reading_time_and_unsubscribe_address_are_there_if_wanted() -> None:
    html = f'<a href="{UNSUBSCRIBE_MARK}">leave</a>'
    kinds = [kind for kind, _ in told(instrument(html, TRACKER, MESSAGE).html)]
    assert kinds == [Kind.UNSUBSCRIBE, Kind.OPEN]
    made = instrument(html, TRACKER, MESSAGE, pixel=False, honeypot=True, read_time=True)
    assert [kind for kind, _ in told(made.html)] == [Kind.UNSUBSCRIBE, Kind.CLICK, Kind.READ]
    assert 'tabindex="-1" aria-hidden="true"' in made.html
    assert made.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (kind, one) = told(made.headers["List-Unsubscribe"])[0]
    assert (kind, one.recipient, one.campaign_id, one.variant) == (Kind.UNSUBSCRIBE, "ada@example.org", "spring", "B")


def test_the_same_message_is_rewritten_the_same_way() -> None:
    html = '<a href="https://shop.example/">x</a>'
    assert instrument(html, TRACKER, MESSAGE) == instrument(html, TRACKER, MESSAGE)


def test_no_address_of_a_person_or_page_is_readable() -> None:
    made = instrument('<a href="https://shop.example/secret">x</a>', TRACKER, MESSAGE)
    assert "ada" not in made.html
    assert "shop.example" not in made.html


@given(st.text(max_size=300))
def test_any_text_is_taken_and_only_grows_by_what_was_asked_for(html: str) -> None:
    made = instrument(html, TRACKER, MESSAGE, pixel=False)
    if not made.places and UNSUBSCRIBE_MARK not in html and "href" not in html.lower():
        assert made.html == html


@given(
    st.lists(st.sampled_from(["<a href=", '"https://x.example/"', ">", "<!--", "-->", "<script>", "</script>", " "]))
)
def test_broken_markup_never_stops_it(parts: list[str]) -> None:
    instrument("".join(parts), TRACKER, MESSAGE)


def test_a_huge_text_is_refused() -> None:
    with pytest.raises(TooLarge):
        instrument("x" * (LARGEST_HTML + 1), TRACKER, MESSAGE)


class TestTokens:
    def test_is_bound_to_its_kind_and_source(self) -> None:
        token = TRACKER.address(Kind.OPEN, MESSAGE).rpartition("/")[2]
        assert opened(Kind.OPEN, "src_1", token, ["another-secret-of-20-chars", SECRET]).recipient == "ada@example.org"
        for kind, source in ((Kind.CLICK, "src_1"), (Kind.OPEN, "src_2")):
            with pytest.raises(NotFound):
                opened(kind, source, token, [SECRET])

    @given(st.text(max_size=200))
    def test_nobody_invents_one(self, token: str) -> None:
        with pytest.raises(NotFound):
            opened(Kind.CLICK, "src_1", token, [SECRET])

    @given(st.data())
    def test_nobody_changes_one(self, data: st.DataObject) -> None:
        token = TRACKER.address(Kind.CLICK, MESSAGE, url="https://shop.example/").rpartition("/")[2]
        place = data.draw(st.integers(0, len(token) - 2))  # the last letter holds bits that mean nothing
        other = data.draw(st.sampled_from("ABCabc019-_"))
        if other != token[place]:
            with pytest.raises(NotFound):
                opened(Kind.CLICK, "src_1", token[:place] + other + token[place + 1 :], [SECRET])

    def test_without_a_secret_nothing_is_valid(self) -> None:
        with pytest.raises(NotFound):
            opened(Kind.OPEN, "src_1", TRACKER.address(Kind.OPEN, MESSAGE).rpartition("/")[2], [])

    @pytest.mark.parametrize(("base", "secret"), [("t.example.com", SECRET), ("https://t.example.com", "short")])
    def test_a_weak_tracker_is_refused(self, base: str, secret: str) -> None:
        with pytest.raises(InvalidField):
            Tracker(base, "src_1", secret)


class TestMail:
    RAW = (
        b"From: Shop <news@shop.example>\r\nTo: Ada <ada@example.org>\r\nSubject: =?utf-8?q?Fr=C3=BChling?=\r\n"
        b"Message-ID: <m9@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nLeave: {{sendlens_unsubscribe}}\r\n"
        b"--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b'<p>Sch=F6n</p><a href=3D"https://shop.example/">x</a>\r\n--b--\r\n'
    )

    def test_html_and_header_are_rewritten(self) -> None:
        made, places = instrument_mail(self.RAW, TRACKER, Message(message_id="", recipient=""))
        mail = email.message_from_bytes(made, policy=policy.default)
        html = mail.get_body(("html",)).get_content()  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        assert "Schön" in html
        assert [(kind, one.message_id, one.recipient, one.sending_domain) for kind, one in told(html)] == [
            (Kind.CLICK, "m9@shop.example", "ada@example.org", "shop.example"),
            (Kind.OPEN, "m9@shop.example", "ada@example.org", "shop.example"),
        ]
        assert told(mail.get_body(("plain",)).get_content())[0][0] is Kind.UNSUBSCRIBE  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        assert told(str(mail["List-Unsubscribe"]).replace("\r\n", ""))[0][0] is Kind.UNSUBSCRIBE
        assert [place.url for place in places] == ["https://shop.example/"]
        assert b"Subject: =?utf-8?q?Fr=C3=BChling?=" in made

    def test_a_field_that_is_there_stays(self) -> None:
        made, _ = instrument_mail(
            b"List-Unsubscribe: <mailto:leave@shop.example>\r\n" + self.RAW,
            TRACKER,
            Message(message_id="", recipient=""),
        )
        assert made.count(b"List-Unsubscribe:") == 1

    @pytest.mark.parametrize("raw", [b"", b"To: a@b.example\r\n\r\nplain", RAW.replace(b"Message-ID", b"X-Other")])
    def test_what_is_missing_is_named(self, raw: bytes) -> None:
        with pytest.raises(BadRequest):
            instrument_mail(raw, TRACKER, Message(message_id="", recipient=""))
