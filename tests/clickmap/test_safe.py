"""Hostile HTML is harmless before any browser sees it, and work that it would cause is refused."""

import re

import pytest

from sendlens.clickmap.limits import MOST_BYTES, checked
from sendlens.clickmap.places import MOST_PLACES, marked
from sendlens.clickmap.safe import POLICY, Overlay, cleaned, document
from sendlens.errors import InvalidField, TooLarge

HOSTILE = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    '<img src=x onerror="alert(1)">',
    '<img src="https://evil.example/pixel.gif">',
    '<img srcset="https://evil.example/a.png 1x" src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/"><a href="x">x</a>',
    '<form action="https://evil.example"><input name=card><button formaction=//evil.example>Pay</button></form>',
    '<iframe src="https://evil.example"></iframe><object data=x></object><embed src=x>',
    '<link rel=stylesheet href="https://evil.example/x.css">',
    '<a href="javascript:alert(1)">x</a><a href="data:text/html,x">y</a><a href=" jAvAsCrIpT:alert(1)">z</a>',
    "<svg><script>alert(1)</script><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    '<div style="background:url(https://evil.example/x);width:expression(alert(1))">x</div>',
    '<style>@import "https://evil.example/x.css"; a{background:url(//evil.example)}</style>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<body onload=alert(1) background=https://evil.example/x.png>",
    "<video src=https://evil.example/v poster=x></video><audio src=x></audio><portal src=x></portal>",
    '<a href="https://ok.example" target="_top" ping="https://evil.example" onclick=alert(1)>x</a>',
    "<template><img src=x onerror=alert(1)></template><textarea><img src=x onerror=alert(1)></textarea>",
    '<p class="sl-badge" id="sl-link">999 · 100%</p>',
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
)
WRONG = re.compile(
    r"<(?:script|iframe|object|embed|form|input|button|meta|base|link|svg|math|video|audio|template|textarea|noscript)\b"
    r"|\son\w+\s*=|javascript:|https?:|//|url\(|@import|expression\(|\b(?:href|srcset|action|target|ping|background)=",
    re.IGNORECASE,
)


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_comes_out_harmless(html: str) -> None:
    out = cleaned(marked(html).html)
    assert not WRONG.search(out), out
    assert "sl-" not in out


def test_looks_stay() -> None:
    html = '<table bgcolor="#eee"><tr><td style="color:red"><font face="Arial">Hi</font></td></tr></table>'
    assert cleaned(html).count("bgcolor") == cleaned(html).count("color:red") == cleaned(html).count("Arial") == 1
    assert "data:image/png;base64,AAAA" in cleaned('<img src="data:image/png;base64,AAAA">')


def test_marks_cannot_be_forged_and_overlays_cannot_break_out() -> None:
    html = '<a href="https://a.example" data-place="7" class="b" title="t">one</a><b data-place="0">x</b>'
    fragment = cleaned(marked(html).html)
    assert re.findall(r'data-place="(\d+)"', fragment) == ["0"]
    page = document(fragment, {0: Overlay(text="<3>", title='"><script>', heat=5)})
    assert "&lt;3&gt;" in page
    assert "<script>" not in page
    assert page.count("sl-heat-5") == 2 + 1  # the link, its badge, and the rule


def test_policy_allows_nothing_but_styles_and_inlined_pictures() -> None:
    assert "default-src 'none'" in POLICY
    assert "sandbox;" in POLICY  # without allow-scripts, allow-same-origin, allow-forms, allow-popups
    assert "script-src" not in POLICY


@pytest.mark.parametrize(
    "piece", ["<div>", "<b><p>", "<font size=1><p>", "<a href=x>", "<table>", "</b><b></i>x<b>", '<a href="', "<style>"]
)
def test_html_that_grows_when_it_is_mended_is_refused(piece: str) -> None:
    with pytest.raises(InvalidField, match="open"):
        checked((piece * MOST_BYTES)[:MOST_BYTES].encode())


def test_size_and_encoding_are_checked() -> None:
    with pytest.raises(TooLarge):
        checked(b"x" * (MOST_BYTES + 1))
    with pytest.raises(InvalidField, match="UTF-8"):
        checked("é".encode("latin-1"))
    with pytest.raises(InvalidField):
        checked(b"  ")
    assert checked("\ufeff<p>é".encode()) == "<p>é"


def test_more_links_than_anybody_writes_are_not_numbered() -> None:
    assert len(marked("<a href=x>y</a>" * (MOST_PLACES + 5)).places) == MOST_PLACES
