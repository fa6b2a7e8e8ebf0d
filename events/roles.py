"""What the members of a team may do: the only place that says so."""

from enum import Enum, auto

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody is in an organiser's team."""

    OWNER = "owner", _("Owner: everything, members too")
    MANAGER = "manager", _("Manager: events and bookings")
    FINANCE = "finance", _("Finance: bookings, refunds and exports; changes no event")
    DOOR = "door", _("Door: names and references of the booked, nothing else")
    VIEWER = "viewer", _("Viewer: looks, changes nothing")


class Capability(Enum):
    """Something that some members may do and others may not."""

    SEE_BOOKINGS = auto()
    """The team's events, drafts too; who booked them, with names and references."""
    SEE_CONTACTS = auto()
    """The e-mail addresses of those who booked."""
    SEE_MONEY = auto()
    """Amounts of bookings, and revenue."""
    HANDLE_MONEY = auto()
    """Refunds and exports."""
    CANCEL_BOOKINGS = auto()
    """Bookings of other people."""
    EDIT_EVENTS = auto()
    """Add, change, publish, cancel and delete events."""
    MANAGE_TEAM = auto()
    """The team's name, its members and their roles."""


_LOOKS_ON = frozenset({Capability.SEE_BOOKINGS, Capability.SEE_CONTACTS, Capability.SEE_MONEY})
CAPABILITIES = {
    Role.OWNER: frozenset(Capability),
    Role.MANAGER: frozenset(Capability) - {Capability.MANAGE_TEAM},
    Role.FINANCE: _LOOKS_ON | {Capability.HANDLE_MONEY},
    Role.DOOR: frozenset({Capability.SEE_BOOKINGS}),
    Role.VIEWER: _LOOKS_ON,
}


def roles_with(capability: Capability) -> tuple[Role, ...]:
    """The roles whose members may do this."""
    return tuple(role for role in Role if capability in CAPABILITIES[role])


EDITORS = roles_with(Capability.EDIT_EVENTS)
