"""What a notice is called, and where it leads: in the bell, on the page of notices and in mails."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.models import Kind

# In the person's choices these come first: they follow what the person did, or change it.
OWN_DOING = (
    Kind.BOOKING_CONFIRMED,
    Kind.BOOKING_CANCELLED,
    Kind.WAITLIST_JOINED,
    Kind.WAITLIST_OFFER,
    Kind.EVENT_MOVED,
)
# All that an address gets before its owner has shown that it is theirs.
UNVERIFIED = (Kind.BOOKING_CONFIRMED, Kind.BOOKING_CANCELLED)
# Nobody needs these: their mails can be stopped with one click, without logging in (RFC 8058).
OPTIONAL = (Kind.EVENT_REMINDER, Kind.BROADCAST, Kind.WELCOME)
# The kinds that also come by mail; the others stand in the bell alone.
MAILED = (*OWN_DOING, *OPTIONAL)

TITLES: dict[str, Promise] = {
    Kind.BOOKING_CONFIRMED: _("Booked: %(event)s"),
    Kind.BOOKING_CANCELLED: _("Cancelled: %(event)s"),
    Kind.WAITLIST_JOINED: _("On the waitlist: %(event)s"),
    Kind.WAITLIST_OFFER: _("Seats for you: %(event)s"),
    Kind.OFFER_PASSED: _("Passed on: %(event)s"),
    Kind.EVENT_MOVED: _("New time or place: %(event)s"),
    Kind.EVENT_REMINDER: _("Coming up: %(event)s"),
    Kind.WELCOME: _("Welcome to Evently"),
}

REASONS: dict[str, Promise] = {
    Kind.BOOKING_CONFIRMED: _("You get this mail because you booked at Evently."),
    Kind.BOOKING_CANCELLED: _("You get this mail because you booked at Evently."),
    Kind.WAITLIST_JOINED: _("You get this mail because you joined the waitlist of this event."),
    Kind.WAITLIST_OFFER: _("You get this mail because you joined the waitlist of this event."),
    Kind.EVENT_MOVED: _(
        "You get this mail because you have a ticket for this event or wait for one."
    ),
    Kind.EVENT_REMINDER: _("You get this mail because you have a ticket for this event."),
    Kind.WELCOME: _("You get this mail because you opened an account at Evently."),
    Kind.BROADCAST: _(
        "You get this mail because you have a ticket for this event or wait for one."
    ),
}


def title_of(kind: str, *, event: str = "", subject: str = "") -> str:
    """What a notice of this kind is called, in the reader's language; also its mail's subject.

    Args:
        event: the event's name.
        subject: of a broadcast, in the organiser's words.
    """
    if kind == Kind.BROADCAST:
        return subject
    return str(TITLES[kind]) % {"event": event}
