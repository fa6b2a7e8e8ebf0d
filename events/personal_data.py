"""A person's place in teams: handing it out, and giving it up."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from evently.accounts.models import User
from evently.accounts.personal_data import PersonalData, nameless_address
from evently.history.models import Change
from evently.history.services import Subject, record
from evently.transactions import unit_of_work
from events.errors import TeamNeedsOwner
from events.locks import lock_organiser
from events.models import Invitation, Membership, Organiser, Role


def _collect(user: User) -> Iterator[dict[str, Any]]:
    for member in _posts(user).select_related("organiser", "only_event"):
        event = member.only_event
        yield {
            "organiser": member.organiser.name,
            "role": member.role,
            "only_event": event.name if event else None,
        }
    if user.is_verified:
        invitations = Invitation.objects.filter(email=user.email).select_related("organiser")
        for invitation in invitations:
            yield {
                "organiser": invitation.organiser.name,
                "invited_as": invitation.role,
                "invited_at": invitation.created_at,
                "accepted_at": invitation.accepted_at,
            }


def _foretell(user: User, now: datetime) -> Iterator[str]:
    for member in _posts(user).select_related("organiser"):
        yield _("You leave the team of %(organiser)s.") % {"organiser": member.organiser.name}


def _check(user: User) -> None:
    """Refuse while a team would be left without an owner."""
    teams = [team.name for team in _owned_alone(user)]
    if teams:
        raise TeamNeedsOwner(
            _("You are the only owner of %(teams)s. Make somebody else an owner first.")
            % {"teams": ", ".join(teams)}
        )


def _release(user: User, now: datetime) -> None:
    for member_id, organiser_id in list(_posts(user).values_list("pk", "organiser")):
        _leave(member_id, organiser_id, user)
    if not user.is_verified:
        return  # what was offered to the address, and is told of it, is somebody else's
    Invitation.objects.filter(email=user.email).delete()
    # The history calls people by their address: what was done stays, who it was does not.
    own = Change.objects.filter(subject__in=("member", "invitation", "account"), label=user.email)
    own.update(label=nameless_address(user))


def _leave(member_id: UUID, organiser_id: UUID, user: User) -> None:
    with unit_of_work():
        lock_organiser(organiser_id)
        # Two owners who leave at once: the second has waited for the lock and is alone now.
        _check(user)
        member = Membership.objects.filter(pk=member_id).first()
        if member is None:
            return
        subject = Subject(
            kind="member",
            id=member.pk,
            label=nameless_address(user),
            organiser_id=organiser_id,
            event_id=member.only_event_id,
        )
        record([subject], by=user, changes={"role": (member.role, None)})
        member.delete()


def _posts(user: User) -> "QuerySet[Membership]":
    return Membership.objects.filter(user=user).order_by("organiser__name", "pk")


def _owned_alone(user: User) -> "QuerySet[Organiser]":
    owners = Membership.objects.filter(organiser=OuterRef("pk"), role=Role.OWNER)
    teams = Organiser.objects.filter(
        Exists(owners.filter(user=user)), ~Exists(owners.exclude(user=user))
    )
    return teams.order_by("name", "pk")


PERSONAL_DATA = PersonalData(
    name="teams", collect=_collect, foretell=_foretell, check=_check, release=_release
)
