"""A folder of one's own labelled bounce mails: what is counted as found, wrong and missed."""

from pathlib import Path

from bench import bounce_folder, bounces
from bench.context import Context
from bench.sizes import SIZES
from tests.sources.mail.letters import CASES, dsn, mail

LABELS = """\
file\ttype\trecipients\treason
full.eml\tbounced\tada@example.net\tmailbox_full
missed.eml\tbounced\tada@example.net bob@example.net\tmailbox_unknown|mailbox_inactive
person.eml\tnone\t\t
"""


def test_a_folder_is_measured_by_its_labels(tmp_path: Path) -> None:
    (tmp_path / bounce_folder.LABELS).write_text(LABELS)
    full = "Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.2.2\n"
    (tmp_path / "full.eml").write_bytes(dsn(full + "Diagnostic-Code: smtp; 552 5.2.2 Over quota\n"))
    (tmp_path / "missed.eml").write_bytes(b"From: Ada <ada@example.net>\nSubject: Lunch?\n\nAt noon?\n")
    (tmp_path / "person.eml").write_bytes(mail(CASES[0]))
    findings = bounces.run(Context(SIZES["tiny"], tmp_path, mails=tmp_path))
    told = {one.name.removeprefix("bounces.folder."): one.value for one in findings.figures if ".folder." in one.name}
    assert (told["recipients"], round(told["found"], 1)) == (3, 33.3)
    assert told["wrong"] == 1, "the third reports no failure by its label"
    assert (told["count"], told["hard"], told["reason"]) == (2, 50, 50), "a mail that was not read is wrong"
    assert (told["class.soft.precision"], told["class.soft.recall"], told["class.hard.recall"]) == (100, 100, 0)
    assert any(note.startswith("missed.eml: told nobody") for note in findings.notes)
