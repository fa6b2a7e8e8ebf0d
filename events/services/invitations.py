"""Inviting people into a team: by a mail to an address, whoever has an account with it."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _

from evently.accounts.addresses import mark_verified, require_verified
from evently.accounts.errors import EmailTaken
from evently.accounts.mails import count_mail, send_account_mail
from evently.accounts.models import User
from evently.addresses import require_address
from evently.links import address_of_page
from evently.transactions import unit_of_work
from events.errors import (
    AlreadyMember,
    InvitationClosed,
    InvitationNotFound,
    OrganiserNotFound,
    TooManyInvitations,
    WrongAddress,
)
from events.locks import lock_organiser
from events.models import Invitation, Membership, Organiser, Role
from events.queries import find_invitation, hash_invitation_token, rights_of
from events.roles import Capability
from events.services.recording import record_invitation, record_member
from events.services.team import NOBODY, assign_role, differences, lock_team, place_of

LIFETIME = timedelta(days=7)
# Nobody can have more sent in a team's name: to others these are mails from strangers.
MAILS_A_DAY = 50
DAY = timedelta(days=1)


def invite_member(
    *,
    organiser_id: UUID,
    email: str,
    role: Role,
    only_event_id: UUID | None,
    by: User,
    now: datetime,
) -> Invitation:
    """Offer somebody a role in the team, by a mail with a link.

    The answer is the same whether or not the address has an account. Who was invited before and
    has not answered is invited anew: the role is this one, and the earlier link is void.

    Args:
        only_event_id: the event that the role is for; None: all of the organiser's.
        now: aware UTC instant, read once at the edge.

    Raises:
        EmailUnverified: the person's own address is not verified.
        OrganiserNotFound, Forbidden: not the user's team, or they do not own it.
        AlreadyMember: in the team already; nothing changes.
        TooManyInvitations, TooManyMails: many have been sent for the team today, or to the address
            within the hour.
        Invalid: no mail can be sent to the address; `only_event` is not the organiser's, or cannot
            go with the role.

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history. Sends a mail.
    """
    email = require_address(email)
    require_verified(by)
    count_mail(email)
    with unit_of_work():
        organiser = lock_team(organiser_id, by)
        _require_room(organiser, now)
        if _is_member(organiser, email):
            raise AlreadyMember(_("This person is in the team already. Change their role instead."))
        offered = Membership(organiser=organiser)
        assign_role(offered, role, only_event_id)
        pending = organiser.invitations.pending().filter(email=email).first()
        invitation = pending or Invitation(organiser=organiser, email=email)
        before = place_of(invitation) if pending else NOBODY
        invitation.role, invitation.only_event = offered.role, offered.only_event
        token = _renew(invitation, by=by, now=now)
        record_invitation(invitation, by=by, changes=differences(before, place_of(invitation)))
    _send(invitation, token)
    return invitation


def resend_invitation(*, invitation_id: UUID, by: User, now: datetime) -> Invitation:
    """Send an invitation that nobody has answered again, for as long as a new one.

    Raises:
        InvitationNotFound, Forbidden: not the user's team, or they do not own it.
        InvitationClosed: accepted or withdrawn.
        TooManyInvitations, TooManyMails: as `invite_member`.

    Side effects:
        Opens the transaction. Locks the organiser's row. Sends a mail.
    """
    if address := Invitation.objects.filter(pk=invitation_id).values_list("email").first():
        count_mail(address[0])
    with unit_of_work():
        invitation = _lock_pending(invitation_id, by)
        _require_room(invitation.organiser, now)
        token = _renew(invitation, by=by, now=now)
    _send(invitation, token)
    return invitation


def withdraw_invitation(*, invitation_id: UUID, by: User, now: datetime) -> Invitation:
    """Take an invitation back: its link is void at once.

    Raises:
        InvitationNotFound, Forbidden, InvitationClosed: as `resend_invitation`.

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history.
    """
    with unit_of_work():
        invitation = _lock_pending(invitation_id, by)
        invitation.withdrawn_at = now
        invitation.save(update_fields=["withdrawn_at"])
        record_invitation(invitation, by=by, changes=differences(place_of(invitation), NOBODY))
    return invitation


def accept_invitation(*, token: str, by: User, now: datetime) -> Membership:
    """Join the team that a mailed link invites to.

    The link was mailed to the address: whoever has it, and an account that gave the address, has
    shown that the address is theirs.

    Args:
        now: aware UTC instant, read once at the edge.

    Raises:
        InvitationClosed: unknown, accepted, withdrawn or expired, or whoever invited is no owner
            any more.
        WrongAddress: the account has another address.
        EmailTaken: another account has verified the address.
        AlreadyMember: in the team already; nothing changes.

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history. Publishes AddressVerified
        when the address was not.
    """
    known = find_invitation(token)
    if known is None:
        raise InvitationClosed
    try:
        with unit_of_work():
            organiser = lock_organiser(known.organiser_id)
            invitation = find_invitation(token)
            if invitation is None or not is_open(invitation, now=now):
                raise InvitationClosed
            if by.email != invitation.email:
                raise WrongAddress
            if organiser.memberships.filter(user=by).exists():
                raise AlreadyMember(_("You are in this team already."))
            if not by.is_verified:
                mark_verified(by, email=by.email, now=now)
            member = Membership(organiser=organiser, user=by)
            member.role, member.only_event = invitation.role, invitation.only_event
            member.save(force_insert=True)
            invitation.accepted_at = now
            invitation.save(update_fields=["accepted_at"])
            record_member(member, by=by, changes=differences(NOBODY, place_of(member)))
    except IntegrityError as error:
        raise EmailTaken from error
    return member


def is_open(invitation: Invitation, *, now: datetime) -> bool:
    """Whether it can be accepted: it stands, and whoever invited could do so still."""
    rights = rights_of(invitation.invited_by)
    may_invite = invitation.invited_by.is_active and rights.may_in_team(
        Capability.MANAGE_TEAM, invitation.organiser_id
    )
    return may_invite and invitation.state(now) == Invitation.State.PENDING


def _lock_pending(invitation_id: UUID, by: User) -> Invitation:
    invitations = Invitation.objects.select_related("organiser", "only_event")
    known = invitations.filter(pk=invitation_id).first()
    if known is None:
        raise InvitationNotFound
    try:
        lock_team(known.organiser_id, by)
    except OrganiserNotFound as missing:
        raise InvitationNotFound from missing
    # What was read before the lock may be old: only the row read under it counts.
    invitation = invitations.pending().filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationClosed
    return invitation


def _renew(invitation: Invitation, *, by: User, now: datetime) -> str:
    """Returns the secret of its new link, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash = hash_invitation_token(token)
    invitation.invited_by = by
    invitation.sent_at, invitation.expires_at = now, now + LIFETIME
    invitation.save()
    return token


def _require_room(organiser: Organiser, now: datetime) -> None:
    if organiser.invitations.filter(sent_at__gt=now - DAY).count() >= MAILS_A_DAY:
        raise TooManyInvitations(retry_after_seconds=int(DAY.total_seconds()))


def _is_member(organiser: Organiser, email: str) -> bool:
    members = organiser.memberships.filter(user__email=email)
    return members.filter(user__email_verified_at__isnull=False).exists()


def _send(invitation: Invitation, token: str) -> None:
    """The mail holds no name of the team or of a person: a stranger could have typed anything. The
    address of whoever invites is verified."""
    send_account_mail(
        "mails/invitation",
        invitation.email,
        context={
            "inviter": invitation.invited_by.email,
            "address": address_of_page("events:invitation", token),
            "expires_at": invitation.expires_at,
        },
    )
