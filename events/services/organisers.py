"""Organisers and their teams."""

from evently.accounts.models import User
from evently.transactions import unit_of_work
from events.models import Membership, Organiser, Role


def create_organiser(*, name: str, by: User) -> Organiser:
    """Found a team; whoever founds it owns it.

    Side effects:
        Opens the transaction.
    """
    with unit_of_work():
        organiser = Organiser.objects.create(name=name)
        Membership.objects.create(organiser=organiser, user=by, role=Role.OWNER)
    return organiser
