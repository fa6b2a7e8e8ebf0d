"""The tiers that organisers give to people."""

from datetime import datetime
from uuid import UUID

from bookings.queries import has_booked_with
from evently.accounts.models import User
from evently.errors import Forbidden
from evently.transactions import unit_of_work
from events.errors import OrganiserNotFound
from events.locks import lock_organiser
from events.queries import rights_of
from events.roles import Capability
from waitlist.errors import PersonNotFound
from waitlist.models import Standing, Tier
from waitlist.queries import has_waited_for
from waitlist.services.organising import require_reason
from waitlist.services.recording import record_standing


def set_standing(
    *, organiser_id: UUID, user_id: UUID, tier: Tier, reason: str, by: User, now: datetime
) -> Standing:
    """Give a person a tier in the lines of all events of an organiser, for when they join next.

    Where they stand in line already they stay; see `move_entry`.

    Args:
        user_id: somebody who has booked or waited for an event of this organiser.

    Raises:
        OrganiserNotFound: none that the user is a member of.
        Forbidden: the user's role changes no events, or is for one event only.
        PersonNotFound: nobody whom the organiser knows.
        Invalid: no reason is given.

    Side effects:
        Opens the transaction. Locks the organiser's row. Writes history with the reason.
    """
    require_reason(reason)
    with unit_of_work():
        lock_organiser(organiser_id)
        _require_editor_of(organiser_id, by)
        _require_known(organiser_id, user_id)
        standing = Standing.objects.filter(organiser=organiser_id, user=user_id).first()
        before = standing.tier if standing else None
        standing = standing or Standing(organiser_id=organiser_id, user_id=user_id)
        standing.tier = tier
        standing.save()
        changes = {"tier": (before, standing.tier), "reason": (None, reason)}
        record_standing(standing, by=by, changes=changes)
    return standing


def _require_editor_of(organiser_id: UUID, by: User) -> None:
    rights = rights_of(by)
    if not rights.may_in_team(Capability.EDIT_EVENTS, organiser_id):
        raise Forbidden if rights.belongs_to(organiser_id) else OrganiserNotFound


def _require_known(organiser_id: UUID, user_id: UUID) -> None:
    whom = {"organiser_id": organiser_id, "user_id": user_id}
    if not (has_waited_for(**whom) or has_booked_with(**whom)):
        raise PersonNotFound
