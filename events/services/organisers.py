"""Organisers themselves; their members are in `team`."""

from uuid import UUID

from evently.accounts.models import User
from evently.facts import publish
from evently.transactions import unit_of_work
from events.facts import OrganiserRenamed
from events.models import Membership, Organiser, Role
from events.services.recording import record_member, record_organiser
from events.services.team import lock_team


def create_organiser(*, name: str, by: User) -> Organiser:
    """Found a team; whoever founds it owns it.

    Side effects:
        Opens the transaction. Writes history.
    """
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

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history. Publishes
        OrganiserRenamed.
    """
    with unit_of_work():
        organiser = lock_team(organiser_id, by)
        before, organiser.name = organiser.name, name
        if name != before:
            organiser.save(update_fields=["name"])
            record_organiser(organiser, by=by, changes={"name": (before, name)})
            publish(OrganiserRenamed(organiser.pk))
    return organiser
