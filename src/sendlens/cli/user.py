"""`sendlens user`: accounts of people, their roles, and links to set a password."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from sendlens.cli.output import Json, moment, opened, print_json, print_table, typed_secret

if TYPE_CHECKING:
    from sendlens.control import Control
    from sendlens.settings import Settings

app = App(name="user", help="Create accounts, give roles, and reset passwords.", help_format="plaintext")

Flag = Annotated[bool, Parameter(negative="")]
Password = Annotated[str, Parameter(allow_leading_hyphen=True)]


@app.command
def create(
    email: str,
    *,
    tenant: str = "",
    role: str = "admin",
    operator: Flag = False,
    password: Password = "",
    json: Json = False,
) -> None:
    """Create an account, and print a link with which its owner sets a password.

    Args:
        email: Address of the person.
        tenant: Slug or id of the tenant to let them into.
        role: What they are in that tenant: admin, analyst or viewer.
        operator: Make them an admin of every tenant, those to come included.
        password: Set this password instead of printing a link; - reads it from standard input.
        json: Print JSON instead of text.
    """
    with opened() as (control, settings):
        from sendlens.control.administration import COMMAND, Administration
        from sendlens.control.roles import given

        wanted = given(role)
        chosen = control.tenants.get(tenant) if tenant else None
        user = control.users.create(email, typed_secret(password, "Password"), operator=operator)
        if chosen:
            control.users.set_role(chosen.id, user.id, wanted)
            Administration(control, chosen, COMMAND).note("person.role", f"{user.email}: {wanted.value}")
        link = "" if password else _link(control, settings, user.email)
    if json:
        print_json({"id": user.id, "email": user.email, "operator": operator, "link": link})
        return
    sys.stdout.write(f"{user.email} has an account{' and is an operator' if operator else ''}.\n")
    if not (operator or tenant):
        sys.stdout.write(f"It is in no tenant yet: sendlens user role {user.email} TENANT viewer\n")
    _tell(link)


@app.command(name="list")
def list_users(*, json: Json = False) -> None:
    """List the accounts with their roles.

    Args:
        json: Print JSON instead of text.
    """
    with opened() as (control, _):
        found = control.users.list()
        slugs = {tenant.id: tenant.slug for tenant in control.tenants.list()}
    if json:
        print_json(found)
        return
    print_table(
        ("email", "roles", "operator", "password", "created"),
        [
            (
                one.email,
                ", ".join(f"{slugs.get(tenant, tenant)}: {role.value}" for tenant, role in one.roles.items()) or "–",
                "yes" if one.operator else "",
                "set" if one.has_password else "not set",
                moment(one.created_at),
            )
            for one in found
        ],
    )


@app.command
def role(email: str, tenant: str, role: str) -> None:
    """Give a person a role in a tenant, or take them out of it.

    Args:
        email: Address of the person.
        tenant: Slug or id of the tenant.
        role: admin, analyst or viewer; none takes the person out.
    """
    with opened() as (control, _):
        from sendlens.control.administration import COMMAND, Administration
        from sendlens.control.roles import given

        user, chosen = control.users.named(email), control.tenants.get(tenant)
        desk = Administration(control, chosen, COMMAND)
        if role == "none":
            desk.remove_person(user.id)
            sys.stdout.write(f"{user.email} is no longer in {chosen.slug}.\n")
            return
        wanted = given(role)
        control.users.set_role(chosen.id, user.id, wanted)
        desk.note("person.role", f"{user.email}: {wanted.value}")
    sys.stdout.write(f"{user.email} is {wanted.value} in {chosen.slug}.\n")


@app.command
def reset(email: str, *, json: Json = False) -> None:
    """Print a link with which a person sets a new password; signed-in browsers and failed attempts are forgotten.

    Args:
        email: Address of the person.
        json: Print JSON instead of text.
    """
    with opened() as (control, settings):
        from sendlens.control.audit import OPERATOR

        user = control.users.named(email)
        control.sessions.end_all(user.id)
        control.throttle.succeeded(account=user.email)
        link = _link(control, settings, user.email)
        tenants = list(user.roles) or [""]
        control.audit.note(tenants, actor=OPERATOR, action="person.reset", about=user.email)
    if json:
        print_json({"id": user.id, "email": user.email, "link": link})
    else:
        _tell(link)


@app.command
def delete(email: str) -> None:
    """Delete an account with its roles and sessions.

    Args:
        email: Address of the person.
    """
    with opened() as (control, _):
        from sendlens.control.audit import OPERATOR

        user = control.users.named(email)
        control.users.delete(user.id)
        control.audit.note(list(user.roles) or [""], actor=OPERATOR, action="person.remove", about=user.email)
    sys.stdout.write(f"{user.email} has no account any more.\n")


def _link(control: Control, settings: Settings, email: str) -> str:
    from sendlens.control.invitations import PATH

    _, token = control.invitations.create(email)
    base = settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"
    return f"{base}{PATH}{token}"


def _tell(link: str) -> None:
    if link:
        from sendlens.control.invitations import DAYS

        sys.stdout.write(f"The owner sets the password here, once, within {DAYS} days:\n{link}\n")
