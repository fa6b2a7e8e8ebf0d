"""Who is in an organiser's team, and as what."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from evently.accounts.addresses import require_verified
from evently.accounts.models import User
from evently.errors import Forbidden, Invalid
from evently.transactions import unit_of_work
from events.errors import MemberNotFound, OrganiserNotFound, TeamNeedsOwner
from events.locks import lock_organiser
from events.models import EVENT_OF_OTHERS, Event, Invitation, Membership, Organiser, Role
from events.queries import rights_of
from events.roles import Capability
from events.services.recording import record_member

NOBODY: Mapping[str, str | None] = {"role": None, "only_event": None}


def change_member(
    *, member_id: UUID, role: Role, only_event_id: UUID | None, by: User
) -> Membership:
    """Give a member another role, or other events.

    Raises:
        MemberNotFound, Forbidden: not the user's team, or they do not own it.
        TeamNeedsOwner: this is the last owner.
        Invalid: `only_event` is not the organiser's, or cannot go with the role.

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history.
    """
    with unit_of_work():
        member = _lock_member(member_id, by)
        before = place_of(member)
        if role != Role.OWNER:
            _require_another_owner(member)
        assign_role(member, role, only_event_id)
        member.save(update_fields=["role", "only_event"])
        record_member(member, by=by, changes=differences(before, place_of(member)))
    return member


def remove_member(*, member_id: UUID, by: User) -> None:
    """Take a member out of the team.

    Raises:
        MemberNotFound, Forbidden: not the user's team, or they do not own it.
        TeamNeedsOwner: this is the last owner.

    Side effects:
        As `change_member`.
    """
    with unit_of_work():
        member = _lock_member(member_id, by)
        _require_another_owner(member)
        record_member(member, by=by, changes=differences(place_of(member), NOBODY))
        member.delete()


def lock_team(organiser_id: UUID, by: User) -> Organiser:
    """The organiser, whose team nobody else changes until the transaction ends.

    Raises:
        EmailUnverified: the person's address is not verified.
        OrganiserNotFound, Forbidden: not the user's, or they do not own it.
    """
    require_verified(by)
    organiser = lock_organiser(organiser_id)
    rights = rights_of(by)
    if rights.may_in_team(Capability.MANAGE_TEAM, organiser_id):
        return organiser
    if rights.belongs_to(organiser_id):
        raise Forbidden(_("Ask an owner of the team to do this."))
    raise OrganiserNotFound


def _lock_member(member_id: UUID, by: User) -> Membership:
    members = Membership.objects.select_related("user", "only_event").filter(pk=member_id)
    organiser_id = members.values_list("organiser", flat=True).first()
    if organiser_id is None:
        raise MemberNotFound
    try:
        lock_team(organiser_id, by)
    except OrganiserNotFound as missing:
        raise MemberNotFound from missing
    # What was read before the lock may be old: only the row read under it counts.
    member = members.first()
    if member is None:
        raise MemberNotFound
    return member


def assign_role(member: Membership, role: Role, only_event_id: UUID | None) -> None:
    """Write the role into the row, unless it cannot be.

    Raises:
        Invalid: `only_event` is not the organiser's, or cannot go with the role.
    """
    member.role = role
    member.only_event = _find_event(only_event_id)
    try:
        member.clean()
    except ValidationError as error:
        raise Invalid(**error.message_dict) from error


def _find_event(event_id: UUID | None) -> Event | None:
    if event_id is None:
        return None
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        raise Invalid(only_event=str(EVENT_OF_OTHERS))
    return event


def _require_another_owner(member: Membership) -> None:
    others = Membership.objects.filter(organiser=member.organiser_id, role=Role.OWNER)
    if member.role == Role.OWNER and not others.exclude(pk=member.pk).exists():
        raise TeamNeedsOwner(
            _("A team needs at least one owner. Make somebody else an owner first.")
        )


def place_of(member: Membership | Invitation) -> dict[str, str | None]:
    """A place in a team, or one that is offered, in words that stay when the event is gone."""
    event = member.only_event
    return {"role": member.role, "only_event": event.name if event else None}


def differences(
    before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}
