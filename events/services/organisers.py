"""Organisers themselves; their members are in `team`."""

from uuid import UUID

from django.core.exceptions import ValidationError

from evently.accounts.addresses import require_verified
from evently.accounts.models import User
from evently.accounts.validators import validate_name
from evently.errors import Invalid
from evently.facts import publish
from evently.transactions import unit_of_work
from events.facts import OrganiserRenamed
from events.models import Membership, Organiser, Role
from events.services.recording import record_member, record_organiser
from events.services.team import lock_team


def create_organiser(*, name: str, by: User) -> Organiser:
    """Found a team; whoever founds it owns it.

    Raises:
        EmailUnverified: the person's address is not verified.
        Invalid: the name holds a link.

    Side effects:
        Opens the transaction. Writes history.
    """
    require_verified(by)
    _check_name(name)
    with unit_of_work():
        organiser = Organiser.objects.create(name=name)
        founder = Membership.objects.create(organiser=organiser, user=by, role=Role.OWNER)
        record_organiser(organiser, by=by, changes={"name": (None, name)})
        record_member(founder, by=by, changes={"role": (None, founder.role)})
    return organiser


def rename_organiser(*, organiser_id: UUID, name: str, by: User) -> Organiser:
    """Call a team by another name.

    Raises:
        OrganiserNotFound, Forbidden: not the user's, or they do not own it.
        Invalid: the name holds a link.

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history. Publishes
        OrganiserRenamed.
    """
    _check_name(name)
    with unit_of_work():
        organiser = lock_team(organiser_id, by)
        before, organiser.name = organiser.name, name
        if name != before:
            organiser.save(update_fields=["name"])
            record_organiser(organiser, by=by, changes={"name": (before, name)})
            publish(OrganiserRenamed(organiser.pk))
    return organiser


def _check_name(name: str) -> None:
    try:
        validate_name(name)
    except ValidationError as error:
        raise Invalid(name=error.messages) from error
