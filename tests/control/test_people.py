"""Accounts, roles, sessions and invitations, on both databases."""

import threading

import pytest

from sendlens.clock import FrozenClock
from sendlens.control import Control
from sendlens.control.administration import Actor, Administration
from sendlens.control.audit import DEEDS
from sendlens.control.passwords import Cost, Passwords, accepted
from sendlens.control.roles import Role
from sendlens.control.throttle import LIMITS, wait
from sendlens.errors import Conflict, Forbidden, InvalidField, NotFound, TooBusy

GOOD = "lantern otter seven"
DAY = 86_400


@pytest.fixture(autouse=True)
def cheap_hashes(control: Control) -> None:
    """Hashing as slowly as in earnest would be most of what these tests do."""
    control.users._passwords = Passwords(Cost(passes=1, lanes=1, memory=8))


@pytest.fixture
def desk(control: Control, tenant: str) -> Administration:
    return Administration(control, control.tenants.get(tenant), Actor("usr_admin", Role.ADMIN, "192.0.2.7"))


def test_a_password_is_checked_and_never_kept(control: Control) -> None:
    user = control.users.create(" Ada@Example.com ", GOOD)
    assert user.email == "ada@example.com"
    assert control.users.check("ADA@example.com", GOOD) == user
    assert control.users.check("ada@example.com", GOOD + "x") is None
    assert control.users.check("nobody@example.com", GOOD) is None
    waiting = control.users.create("bob@example.com")
    assert control.users.check("bob@example.com", "") is None
    assert not waiting.has_password
    with pytest.raises(Conflict):
        control.users.create("ada@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 300,
        "Password2026!",
        "qwertyuiop12",
        "1234567890123",
        "aaaaaaaaaaaa",
        "ada@example.com",
        "ADA!!!!!!!!!!",
    ],
)
def test_passwords_that_anybody_would_try_are_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(InvalidField) as refused:
        accepted(password, "ada@example.com")
    assert password not in str(refused.value.problem())


def test_hashes_of_weaker_parameters_are_replaced_at_the_next_sign_in(control: Control) -> None:
    user = control.users.create("ada@example.com", GOOD)
    stronger = Passwords(Cost(passes=2, lanes=1, memory=8))
    control.users._passwords = stronger
    assert control.users.check(user.email, GOOD)
    with control.database.read() as connection:
        (kept,) = connection.exec_driver_sql("SELECT password FROM users").scalars()
    assert not stronger.outdated(kept)


def test_the_last_admin_stays(control: Control, tenant: str) -> None:
    ada, bob = (control.users.create(f"{name}@example.com") for name in ("ada", "bob"))
    control.users.set_role(tenant, ada.id, Role.ADMIN)
    control.users.set_role(tenant, bob.id, Role.VIEWER)
    for forbidden in (
        lambda: control.users.remove(tenant, ada.id),
        lambda: control.users.set_role(tenant, ada.id, Role.ANALYST),
        lambda: control.users.delete(ada.id),
    ):
        with pytest.raises(Conflict, match="last admin"):
            forbidden()
    control.users.set_role(tenant, bob.id, Role.ADMIN)
    control.users.remove(tenant, ada.id)
    assert [(one.email, one.role) for one in control.users.members(tenant)] == [("bob@example.com", Role.ADMIN)]


def test_an_operator_is_an_admin_everywhere(control: Control, tenant: str) -> None:
    user = control.users.create("op@example.com", operator=True)
    assert user.role(tenant) is Role.ADMIN
    assert control.users.make_operator(user.id, False).role(tenant) is None


def test_a_session_ends_by_idleness_by_age_and_by_hand(control: Control, clock: FrozenClock) -> None:
    user = control.users.create("ada@example.com")
    session, token = control.sessions.begin(user=user.id, address="192.0.2.7", agent="Browser")
    found = control.sessions.find(token)
    assert found is not None
    assert found.id == session.id
    for _ in range(5):
        clock.advance(6 * DAY - 10)
        assert control.sessions.find(token)
        control.flush()
    clock.advance(DAY)
    assert control.sessions.find(token) is None, "older than thirty days"
    _, token = control.sessions.begin(user=user.id)
    clock.advance(7 * DAY + 1)
    assert control.sessions.find(token) is None, "not used for a week"
    kept, other = control.sessions.begin(user=user.id), control.sessions.begin(user=user.id)
    with pytest.raises(NotFound):
        control.sessions.end(other[0].id, user="usr_somebody")
    assert control.sessions.end_all(user.id, but=kept[0].id) >= 1
    assert control.sessions.find(other[1]) is None
    assert control.sessions.find(kept[1]) is not None
    assert [one.id for one in control.sessions.list(user.id)] == [kept[0].id]


def test_tokens_and_passwords_are_not_in_the_database(control: Control) -> None:
    if not control.database.is_sqlite:
        pytest.skip("the file is read byte by byte")
    user = control.users.create("ada@example.com", GOOD)
    _, session = control.sessions.begin(user=user.id)
    _, invitation = control.invitations.create("bob@example.com")
    control.database.empty_journal()
    content = b"".join(file.read_bytes() for file in control.database._directory().iterdir() if file.is_file())
    assert b"ada@example.com" in content
    for secret in (GOOD, session, invitation):
        assert secret.encode() not in content


def test_an_invitation_works_once_and_for_a_week(control: Control, clock: FrozenClock, tenant: str) -> None:
    made, token = control.invitations.create("bob@example.com", tenant=tenant, role=Role.VIEWER)
    assert control.invitations.find(token) == made
    taken: list[str] = []

    def take() -> None:
        try:
            taken.append(control.invitations.take(token).id)
        except NotFound:
            taken.append("")

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == ["", "", "", made.id]
    _, late = control.invitations.create("bob@example.com", tenant=tenant, role=Role.VIEWER)
    clock.advance(7 * DAY)
    with pytest.raises(NotFound):
        control.invitations.find(late)
    _, first = control.invitations.create("eve@example.com", tenant=tenant, role=Role.VIEWER)
    control.invitations.create("eve@example.com", tenant=tenant, role=Role.ADMIN)
    with pytest.raises(NotFound):
        control.invitations.find(first)


def test_attempts_wait_longer_and_longer(control: Control, clock: FrozenClock) -> None:
    free = LIMITS["account"].free
    for _ in range(free):
        control.throttle.attempt(account="ada@example.com", address="192.0.2.7")
    with pytest.raises(TooBusy) as refused:
        control.throttle.attempt(account="ADA@example.com", address="198.51.100.1")
    assert refused.value.retry_after == 4
    control.throttle.attempt(account="bob@example.com", address="192.0.2.7")
    clock.advance(4)
    control.throttle.attempt(account="ada@example.com", address="198.51.100.1")
    with pytest.raises(TooBusy) as refused:
        control.throttle.attempt(account="ada@example.com", address="198.51.100.1")
    assert refused.value.retry_after == 8
    control.throttle.succeeded(account="ada@example.com")
    control.throttle.attempt(account="ada@example.com", address="198.51.100.1")
    assert [wait(LIMITS["account"], failures) for failures in (0, 4, 5, 9, 40)] == [0, 0, 4, 64, 900]


def test_management_is_allowed_by_role_and_written_down(control: Control, desk: Administration, tenant: str) -> None:
    viewer = Administration(control, desk.tenant, Actor("usr_viewer", Role.VIEWER))
    for forbidden in (
        lambda: viewer.create_key("x", ["read"]),
        lambda: viewer.create_source("x", "sendgrid", {}),
        lambda: viewer.invite("x@example.com", Role.ADMIN),
        lambda: viewer.change_tenant(name="x"),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    key, secret = desk.create_key("Shop", ["ingest"])
    desk.revoke_key(key.id)
    source = desk.create_source("", "postmark", {}, ["user:password"])
    desk.rotate_source(source.id, "user:other")
    desk.delete_source(source.id)
    with pytest.raises(NotFound):
        control.sources.get(source.id)
    desk.change_tenant(name="Acme Limited", currency="EUR")
    desk.invite("bob@example.com", Role.ANALYST)
    entries = control.audit.list(tenant)
    assert [entry.action for entry in reversed(entries)] == [
        "key.create",
        "key.revoke",
        "source.create",
        "source.rotate",
        "source.delete",
        "tenant.change",
        "person.invite",
    ]
    assert {entry.action for entry in entries} <= DEEDS.keys()
    assert {(entry.actor, entry.address) for entry in entries} == {("usr_admin", "192.0.2.7")}
    assert secret not in repr(entries)
    assert "password" not in repr(entries)
    assert entries[1].about == "name: Acme Ltd → Acme Limited, currency: USD → EUR"


def test_what_belongs_to_another_tenant_does_not_exist(control: Control, desk: Administration) -> None:
    other = control.tenants.create("other", "Other")
    theirs = Administration(control, other, Actor("usr_other", Role.ADMIN))
    key, _ = theirs.create_key("Theirs", ["read"])
    source = theirs.create_source("Theirs", "sendgrid", {})
    invitation, _ = theirs.invite("eve@example.com", Role.VIEWER)
    user = control.users.create("carol@example.com")
    control.users.set_role(other.id, user.id, Role.ADMIN)
    for reach in (
        lambda: desk.revoke_key(key.id),
        lambda: desk.rotate_source(source.id, "secret"),
        lambda: desk.delete_source(source.id),
        lambda: desk.revoke_invitation(invitation.id),
        lambda: desk.set_role(user.id, Role.VIEWER),
        lambda: desk.remove_person(user.id),
    ):
        with pytest.raises(NotFound):
            reach()
    assert control.sources.get(source.id).tenant == other.id
