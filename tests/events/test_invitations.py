"""Inviting people into a team: by a mail, whoever has an account with the address."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from evently.accounts.errors import EmailTaken, EmailUnverified, TooManyMails
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid, Refusal
from evently.history.models import Change
from events.errors import (
    AlreadyMember,
    InvitationClosed,
    InvitationNotFound,
    OrganiserNotFound,
    TooManyInvitations,
    WrongAddress,
)
from events.models import Invitation, Membership, Organiser, Role
from events.queries import rights_of
from events.roles import Capability
from events.services import (
    accept_invitation,
    invite_member,
    remove_member,
    resend_invitation,
    withdraw_invitation,
)
from events.services import invitations as invitations_module
from tests import makers
from tests.harness import at_once, kinds
from tests.makers import PASSWORD, make_event, make_organiser, make_user

pytestmark = pytest.mark.django_db(transaction=True)

COLLEAGUE = "colleague@bigcorp.example"
LINK = re.compile(r"http\S+/team/invitations/(\S+)/")
NOW = datetime.now(UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def owner() -> User:
    return make_user("Olga", email="olga@bluenote.example")


@pytest.fixture
def organiser(owner: User) -> Organiser:
    return make_organiser(owner, name="Blue Note")


def invite(organiser: Organiser, by: User, email: str = COLLEAGUE, **fields: Any) -> Invitation:
    values: dict[str, Any] = {"role": Role.MANAGER, "only_event_id": None, "now": NOW} | fields
    return invite_member(organiser_id=organiser.pk, email=email, by=by, **values)


def token_of(email: str = COLLEAGUE) -> str:
    """The secret in the newest mail to the address."""
    found = LINK.search(str([sent.body for sent in mail.outbox if sent.to == [email]][-1]))
    assert found
    return found[1]


def roles(organiser: Organiser) -> dict[str, str]:
    return dict(organiser.memberships.values_list("user__email", "role"))


def refused(organiser: Organiser, use_case: Callable[[], object]) -> type[Refusal]:
    """What the use case refuses, having seen that the team stayed as it was."""
    before = roles(organiser)
    with pytest.raises(Refusal) as refusal:
        use_case()
    assert roles(organiser) == before
    return refusal.type


# --- Being invited, and joining -------------------------------------------------------------------


def test_somebody_with_an_account_joins_with_the_offered_role(
    organiser: Organiser, owner: User
) -> None:
    ada, event = make_user("Ada", email=COLLEAGUE), make_event(organiser, name="Late Jazz")
    invite(organiser, owner, f" {COLLEAGUE.upper()} ", role=Role.DOOR, only_event_id=event.pk)
    assert COLLEAGUE not in roles(organiser)
    member = accept_invitation(token=token_of(), by=ada, now=NOW)
    assert (member.role, member.only_event) == (Role.DOOR, event)
    assert roles(organiser)[COLLEAGUE] == "door"


def test_who_claims_the_address_gets_nothing_by_the_invitation(
    organiser: Organiser, owner: User
) -> None:
    """Mallory registered the colleague's address before: the role is for whoever reads the mail."""
    mallory = make_user("Mallory", email=COLLEAGUE, verified=False)
    invite(organiser, owner)
    assert not rights_of(mallory).belongs_to(organiser.pk)
    assert refused(organiser, lambda: accept_invitation(token="guessed", by=mallory, now=NOW)) is (
        InvitationClosed
    )
    colleague = make_user("Carl", email=COLLEAGUE, verified=False)
    accept_invitation(token=token_of(), by=colleague, now=NOW)
    colleague.refresh_from_db()
    assert colleague.is_verified
    assert rights_of(colleague).may_in_team(Capability.EDIT_EVENTS, organiser.pk)
    mallory.refresh_from_db()
    assert not mallory.is_verified
    assert not rights_of(mallory).belongs_to(organiser.pk)


def test_the_mail_says_the_same_whether_or_not_there_is_an_account(
    organiser: Organiser, owner: User
) -> None:
    make_user("Ada", email="has@example.com")
    for email in ("has@example.com", "hasnot@example.com"):
        invite(organiser, owner, email)
    subjects, bodies = zip(
        *[(sent.subject, LINK.sub("", str(sent.body))) for sent in mail.outbox], strict=True
    )
    assert len(set(subjects)) == len(set(bodies)) == 1


def test_the_mail_holds_nothing_that_a_stranger_typed(owner: User) -> None:
    organiser = make_organiser(owner, name="You have won, call now")
    User.objects.filter(pk=owner.pk).update(name="Prize Office")
    event = make_event(organiser, name="Free phones")
    invite(organiser, owner, role=Role.DOOR, only_event_id=event.pk)
    [sent] = mail.outbox
    told = f"{sent.subject} {sent.body}"
    assert not any(word in told for word in ("won", "Prize", "phones"))
    assert owner.email in told


def test_an_invitation_is_accepted_once(organiser: Organiser, owner: User) -> None:
    ada = make_user("Ada", email=COLLEAGUE)
    invite(organiser, owner)
    token = token_of()
    member = accept_invitation(token=token, by=ada, now=NOW)
    remove_member(member_id=member.pk, by=owner)
    assert refused(organiser, lambda: accept_invitation(token=token, by=ada, now=NOW)) is (
        InvitationClosed
    )


def test_it_is_for_the_invited_address_alone(organiser: Organiser, owner: User) -> None:
    invite(organiser, owner)
    stranger = make_user("Stranger")
    accept = lambda: accept_invitation(token=token_of(), by=stranger, now=NOW)  # noqa: E731
    assert refused(organiser, accept) is WrongAddress


def test_an_account_that_only_claims_a_verified_address_does_not_join(
    organiser: Organiser, owner: User
) -> None:
    make_user("Ada", email=COLLEAGUE)
    claim = make_user("Mallory", email=COLLEAGUE, verified=False)
    invite(organiser, owner)
    accept = lambda: accept_invitation(token=token_of(), by=claim, now=NOW)  # noqa: E731
    assert refused(organiser, accept) is EmailTaken
    claim.refresh_from_db()
    assert not claim.is_verified


def test_it_ends_after_a_week_and_is_had_anew(organiser: Organiser, owner: User) -> None:
    ada = make_user("Ada", email=COLLEAGUE)
    invitation = invite(organiser, owner)
    first = token_of()
    late = NOW + WEEK
    assert invitation.state(late) == Invitation.State.EXPIRED
    assert refused(organiser, lambda: accept_invitation(token=first, by=ada, now=late)) is (
        InvitationClosed
    )
    resend_invitation(invitation_id=invitation.pk, by=owner, now=late)
    assert refused(organiser, lambda: accept_invitation(token=first, by=ada, now=late)) is (
        InvitationClosed
    )
    accept_invitation(token=token_of(), by=ada, now=late)
    assert COLLEAGUE in roles(organiser)


def test_a_withdrawn_invitation_is_void(organiser: Organiser, owner: User) -> None:
    ada = make_user("Ada", email=COLLEAGUE)
    invitation = withdraw_invitation(invitation_id=invite(organiser, owner).pk, by=owner, now=NOW)
    assert invitation.state(NOW) == Invitation.State.WITHDRAWN
    token = token_of()
    for use_case in (
        lambda: accept_invitation(token=token, by=ada, now=NOW),
        lambda: resend_invitation(invitation_id=invitation.pk, by=owner, now=NOW),
        lambda: withdraw_invitation(invitation_id=invitation.pk, by=owner, now=NOW),
    ):
        assert refused(organiser, use_case) is InvitationClosed
    invite(organiser, owner)
    accept_invitation(token=token_of(), by=ada, now=NOW)


def test_an_invitation_ends_with_the_right_to_invite(organiser: Organiser, owner: User) -> None:
    ada, other = make_user("Ada", email=COLLEAGUE), make_user("Otto")
    place = makers.add_member(organiser, other, Role.OWNER)
    invite(organiser, other, role=Role.OWNER)
    remove_member(member_id=place.pk, by=owner)
    assert refused(organiser, lambda: accept_invitation(token=token_of(), by=ada, now=NOW)) is (
        InvitationClosed
    )


def test_invited_twice_the_newest_offer_stands(organiser: Organiser, owner: User) -> None:
    ada = make_user("Ada", email=COLLEAGUE)
    invite(organiser, owner, role=Role.OWNER)
    first = token_of()
    invite(organiser, owner, role=Role.VIEWER)
    assert Invitation.objects.count() == 1
    assert refused(organiser, lambda: accept_invitation(token=first, by=ada, now=NOW)) is (
        InvitationClosed
    )
    assert accept_invitation(token=token_of(), by=ada, now=NOW).role == Role.VIEWER


def test_the_history_tells_who_was_invited_and_who_joined(
    organiser: Organiser, owner: User
) -> None:
    ada = make_user("Ada", email=COLLEAGUE)
    invitation = invite(organiser, owner)
    accept_invitation(token=token_of(), by=ada, now=NOW)
    told = Change.objects.filter(organiser_id=organiser.pk).order_by("at", "id")
    assert [(change.subject, change.label, change.after, change.by) for change in told] == [
        ("invitation", COLLEAGUE, "manager", owner),
        ("member", COLLEAGUE, "manager", ada),
    ]
    invitation.refresh_from_db()
    assert invitation.state(NOW) == Invitation.State.ACCEPTED


def test_only_a_hash_of_the_secret_is_kept(organiser: Organiser, owner: User) -> None:
    invite(organiser, owner)
    stored = Invitation.objects.values_list().get()
    assert token_of() not in map(str, stored)


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_only_owners_invite(organiser: Organiser, owner: User, role: Role) -> None:
    by, invitation = make_user(), invite(organiser, owner)
    makers.add_member(organiser, by, role)
    for use_case in (
        lambda: invite(organiser, by, "x@example.com"),
        lambda: resend_invitation(invitation_id=invitation.pk, by=by, now=NOW),
        lambda: withdraw_invitation(invitation_id=invitation.pk, by=by, now=NOW),
    ):
        assert refused(organiser, use_case) is Forbidden
    assert len(mail.outbox) == 1


def test_a_stranger_finds_no_team_and_no_invitation(organiser: Organiser, owner: User) -> None:
    stranger, invitation = make_user("Stranger"), invite(organiser, owner)
    makers.add_member(make_organiser(), stranger, Role.OWNER)
    assert refused(organiser, lambda: invite(organiser, stranger)) is OrganiserNotFound
    for use_case in (resend_invitation, withdraw_invitation):
        call = lambda use_case=use_case: use_case(  # noqa: E731
            invitation_id=invitation.pk, by=stranger, now=NOW
        )
        assert refused(organiser, call) is InvitationNotFound


def test_an_owner_without_a_verified_address_invites_nobody(organiser: Organiser) -> None:
    by = make_user(verified=False)
    makers.add_member(organiser, by, Role.OWNER)
    assert refused(organiser, lambda: invite(organiser, by)) is EmailUnverified
    assert mail.outbox == []


def test_who_is_in_the_team_is_not_invited(organiser: Organiser, owner: User) -> None:
    assert refused(organiser, lambda: invite(organiser, owner, owner.email)) is AlreadyMember


@pytest.mark.parametrize("wrong", ["owner of one event", "event of others", "unknown event"])
def test_a_role_that_cannot_be_is_not_offered(
    organiser: Organiser, owner: User, wrong: str
) -> None:
    events = {
        "owner of one event": make_event(organiser).pk,
        "event of others": make_event().pk,
        "unknown event": organiser.pk,
    }
    role = Role.OWNER if wrong.startswith("owner") else Role.VIEWER
    offer = lambda: invite(organiser, owner, role=role, only_event_id=events[wrong])  # noqa: E731
    assert refused(organiser, offer) is Invalid
    assert not Invitation.objects.exists()


def test_nobody_is_flooded_with_invitations(organiser: Organiser, owner: User) -> None:
    invitation = invite(organiser, owner)
    resend = partial(resend_invitation, invitation_id=invitation.pk, by=owner, now=NOW)
    for _ in range(4):
        resend()
    assert refused(organiser, resend) is TooManyMails
    assert len(mail.outbox) == 5


def test_a_team_sends_so_many_a_day(
    organiser: Organiser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations_module, "MAILS_A_DAY", 2)
    for number in range(2):
        invite(organiser, owner, f"{number}@example.com")
    assert refused(organiser, lambda: invite(organiser, owner)) is TooManyInvitations
    invite(organiser, owner, now=NOW + timedelta(days=1, seconds=1))


def test_of_two_who_accept_at_once_one_joins(organiser: Organiser, owner: User) -> None:
    """Two accounts with one address, both holding the link."""
    people = [make_user(email=COLLEAGUE, verified=False) for _ in range(2)]
    invite(organiser, owner)
    token = token_of()
    outcomes = at_once(
        *[lambda by=by: accept_invitation(token=token, by=by, now=NOW) for by in people]
    )
    assert kinds(outcomes) == ["InvitationClosed", "Membership"]
    assert Membership.objects.filter(organiser=organiser).count() == 2


def test_without_the_lock_the_constraints_let_one_account_have_the_address(
    organiser: Organiser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both are let through the check, and the database keeps one out."""
    monkeypatch.setattr(
        invitations_module, "lock_organiser", lambda pk: Organiser.objects.get(pk=pk)
    )
    monkeypatch.setattr(invitations_module, "is_open", lambda *_, **__: True)
    people = [make_user(email=COLLEAGUE, verified=False) for _ in range(2)]
    invite(organiser, owner)
    token = token_of()
    outcomes = at_once(
        *[lambda by=by: accept_invitation(token=token, by=by, now=NOW) for by in people]
    )
    assert kinds(outcomes) == ["EmailTaken", "Membership"]


# --- The pages ------------------------------------------------------------------------------------


def page_of(token: str) -> str:
    return reverse("events:invitation", args=[token])


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_who_has_no_account_signs_up_through_the_link_and_joins(
    organiser: Organiser, owner: User
) -> None:
    invite(organiser, owner)
    page, client = page_of(token_of()), Client()
    shown = client.get(page)
    for said in ("Blue Note", owner.email, COLLEAGUE, "Manager"):
        assert said in text(shown)
    sign_up = shown.context["sign_up"]
    assert f'value="{COLLEAGUE}"' in text(client.get(sign_up))
    sent = {"email": COLLEAGUE, "password1": PASSWORD, "name": "Carl", "next": page}
    answer = client.post("/accounts/signup/", sent)
    assert answer.headers["Location"] == page
    joined = client.post(page)
    assert joined.headers["Location"] == reverse("admin:index")
    assert client.get(reverse("admin:index")).status_code == 200
    assert User.objects.get(email=COLLEAGUE).is_verified
    assert client.get(page).status_code == 410


def test_who_is_logged_in_with_another_address_is_told_so(
    organiser: Organiser, owner: User
) -> None:
    invite(organiser, owner)
    client = Client()
    client.force_login(make_user("Other"))
    page = page_of(token_of())
    assert "You are logged in as" in text(client.get(page))
    assert client.post(page).status_code == 409
    assert COLLEAGUE not in roles(organiser)


@pytest.mark.parametrize("token", ["x", "é", "%00", "x" * 500])
def test_an_unknown_link_is_told_in_words(token: str) -> None:
    answer = Client().get(f"/team/invitations/{token}/")
    assert answer.status_code == 410
    assert "does not stand any more" in text(answer)


def test_a_stranger_who_only_opens_the_link_changes_nothing(
    organiser: Organiser, owner: User
) -> None:
    invite(organiser, owner)
    page = page_of(token_of())
    assert Client().post(page).status_code == 200
    assert Invitation.objects.pending().count() == 1
