"""Every page of the site, for whatever looks at all of them: axe, and the screenshots.

A new page is one more line here; `test_pages.py` says which address is in no list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, Route

from evently.accounts.addresses import address_link
from events.models import Event, Invitation, Role
from events.queries import hash_invitation_token
from notifications.models import Kind
from notifications.unsubscribing import unsubscribe_token
from tests.browser.world import World
from waitlist.models import Offer
from waitlist.queries import offer_token

FAILURES = ("400", "403", "404", "500", "503")
FAILURE_ADDRESS = "/shown-failures/"


@dataclass(frozen=True)
class Screen:
    """A page to look at.

    `url_name` is the address's name in the URLconf; `who` is one of a world's people, or None for
    a stranger; `then` does something on the page before it is looked at.
    """

    name: str
    url_name: str
    path: Callable[[World], str]
    who: str | None = None
    then: Callable[[Page], None] | None = None


def plain(
    name: str, url_name: str, who: str | None = None, then: Callable[[Page], None] | None = None
) -> Screen:
    """A screen whose address is always the same."""
    return Screen(name, url_name, lambda world: reverse(url_name), who, then)


def event(state: str, who: str | None = None) -> Screen:
    """The page of the world's event in this state."""
    name = f"event-{state}" + (f"-{who}" if who else "")
    return Screen(name, "bookings:event", lambda world: _event(world, state), who)


def waitlist(name: str, of: Callable[[World], Event], who: str | None = "visitor") -> Screen:
    """The line of an event of the world."""
    address = "waitlist:place"
    return Screen(name, address, lambda world: reverse(address, args=[of(world).pk]), who)


def offer(name: str, of: Callable[[World], Offer]) -> Screen:
    """An offer to the visitor."""
    address = "waitlist:offer"
    return Screen(
        name, address, lambda world: reverse(address, args=[offer_token(of(world))]), "visitor"
    )


def own(world: World) -> Event:
    """The next event that the organiser may edit."""
    events = Event.objects.editable_by(world.people["organiser"])
    return events.upcoming(timezone.now()).order_by("starts_at", "id")[0]


def own_event(name: str, view: str) -> Screen:
    """A screen of the organiser's next event in the admin."""
    address = f"admin:events_event_{view}"
    return Screen(name, address, lambda world: reverse(address, args=[own(world).pk]), "organiser")


def failure(status: str) -> Screen:
    """The page of a failure, as `show_failures` puts it there."""
    return Screen(f"failure-{status}", "", lambda world: f"{FAILURE_ADDRESS}{status}")


def show_failures(context: BrowserContext) -> None:
    """Answer the addresses of `failure` screens: most failures cannot be had for the asking."""

    def answer(route: Route) -> None:
        status = route.request.url.rpartition("/")[2]
        page = render_to_string(f"failures/{status}.html")
        route.fulfill(body=page, content_type="text/html; charset=utf-8")

    context.route(f"**{FAILURE_ADDRESS}*", answer)


def _event(world: World, state: str) -> str:
    return reverse("bookings:event", args=[world.events[state].pk])


def _ask_for_too_many_seats(page: Page) -> None:
    seats = page.get_by_label("Seats", exact=True)
    seats.fill(seats.get_attribute("max") or "")
    page.get_by_role("button", name="Book", exact=True).click()
    page.get_by_role("alert").wait_for()


def _send_the_empty_form(page: Page) -> None:
    form = page.locator("main form[method=post]")
    form.evaluate("form => { form.noValidate = true; form.requestSubmit() }")
    page.locator("main .field-error").first.wait_for()


def _save_nothing(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Please correct the errors below").wait_for()


def _make_a_token(page: Page) -> None:
    page.get_by_role("button", name="Make a token").click()
    page.wait_for_url("**/developers/token#token")


def _confirm_address(world: World) -> str:
    """What is mailed to somebody who has registered and not verified the address yet."""
    return urlsplit(address_link(world.people["unverified"], "una@example.com")).path


def _invitation(world: World) -> str:
    """Where the link leads that was mailed to the newcomer; only its secret's hash is kept."""
    token, now = "a-secret-of-these-pictures", timezone.now()
    Invitation.objects.get_or_create(
        token_hash=hash_invitation_token(token),
        defaults={
            "organiser": own(world).organiser,
            "email": world.people["newcomer"].email,
            "role": Role.MANAGER,
            "invited_by": world.people["organiser"],
            "sent_at": now,
            "expires_at": now + timedelta(days=7),
        },
    )
    return reverse("events:invitation", args=[token])


def _no_more_mails(world: World) -> str:
    token = unsubscribe_token(world.people["visitor"].pk, Kind.EVENT_REMINDER)
    return reverse("notifications:unsubscribe", args=[token])


def _new_password(world: World) -> str:
    user = world.people["visitor"]
    key = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])


def _misspelled(world: World) -> str:
    """A search for the longest word of an event's name, with one letter too many."""
    word = max(world.events["on-sale"].name.split(), key=len).strip(",:")
    return f"{reverse('events:catalogue')}?{urlencode({'search': f'{word[:3]}q{word[3:]}'})}"


VISITORS_SCREENS = (
    plain("catalogue", "events:catalogue"),
    Screen(
        "catalogue-nothing-fits",
        "events:catalogue",
        lambda world: reverse("events:catalogue") + "?search=nosuchthing",
    ),
    Screen("catalogue-did-you-mean", "events:catalogue", _misspelled),
    event("on-sale"),
    event("on-sale", "visitor"),
    event("few-left"),
    event("sold-out"),
    event("cancelled"),
    event("past"),
    event("soon"),
    event("closed"),
    Screen(
        "event-too-many-seats",
        "bookings:event",
        lambda world: _event(world, "few-left"),
        "visitor",
        _ask_for_too_many_seats,
    ),
    Screen(
        "event-booked",
        "bookings:event",
        lambda world: reverse("bookings:event", args=[world.ticket.event_id]),
        "visitor",
    ),
    event("sold-out", "visitor"),
    waitlist("waitlist-join", lambda world: world.events["sold-out"], None),
    waitlist("waitlist-join-visitor", lambda world: world.events["sold-out"]),
    waitlist("waitlist-place", lambda world: world.entry.event),
    offer("offer", lambda world: world.offer),
    offer("offer-passed", lambda world: world.passed_offer),
    plain("my-bookings", "bookings:mine", "visitor"),
    plain("my-bookings-none", "bookings:mine", "newcomer"),
    Screen(
        "ticket",
        "bookings:ticket",
        lambda world: reverse("bookings:ticket", args=[world.ticket.reference]),
        "visitor",
    ),
    Screen(
        "ticket-cancelled",
        "bookings:ticket",
        lambda world: reverse("bookings:ticket", args=[world.cancelled_ticket.reference]),
        "visitor",
    ),
    Screen(
        "cancel",
        "bookings:cancel",
        lambda world: reverse("bookings:cancel", args=[world.ticket.reference]),
        "visitor",
    ),
    plain("developers", "bookings:developers"),
    plain("developers-visitor", "bookings:developers", "visitor"),
    plain("developers-token", "bookings:developers", "visitor", _make_a_token),
    plain("notices", "notifications:list", "visitor"),
    plain("notices-none", "notifications:list", "newcomer"),
    plain("mails", "notifications:preferences", "visitor"),
    Screen("no-more-mails", "notifications:unsubscribe", _no_more_mails),
    plain("profile", "accounts:profile", "visitor"),
    plain("delete-account", "accounts:delete", "visitor"),
    plain("sign-up", "account_signup"),
    plain("sign-up-refused", "account_signup", then=_send_the_empty_form),
    plain("log-in", "account_login"),
    plain("log-in-refused", "account_login", then=_send_the_empty_form),
    plain("log-out", "account_logout", "visitor"),
    plain("inactive", "account_inactive"),
    plain("reauthenticate", "account_reauthenticate", "visitor"),
    plain("email", "account_email", "visitor"),
    plain("email-unverified", "account_email", "unverified"),
    plain("sell", "events:sell", "newcomer"),
    plain("sell-again", "events:sell", "organiser"),
    plain("sell-unverified", "events:sell", "unverified"),
    Screen("invitation", "events:invitation", _invitation),
    Screen("invitation-newcomer", "events:invitation", _invitation, "newcomer"),
    Screen("invitation-another", "events:invitation", _invitation, "visitor"),
    plain("confirmation-sent", "account_email_verification_sent"),
    Screen("confirm-email", "account_confirm_email", _confirm_address),
    Screen("confirm-email-here", "account_confirm_email", _confirm_address, "unverified"),
    plain("change-password", "account_change_password", "visitor"),
    plain("reset-password", "account_reset_password"),
    plain("reset-password-sent", "account_reset_password_done"),
    Screen("new-password", "account_reset_password_from_key", _new_password),
    plain("new-password-set", "account_reset_password_from_key_done"),
    *(failure(status) for status in FAILURES),
)

# The main screens of the admin.
ADMIN_SCREENS = (
    plain("admin-start", "admin:index", "organiser"),
    plain("admin-events", "admin:events_event_changelist", "organiser"),
    plain("admin-add-event", "admin:events_event_add", "organiser"),
    Screen(
        "admin-add-event-refused",
        "admin:events_event_add",
        lambda world: reverse("admin:events_event_add"),
        "organiser",
        _save_nothing,
    ),
    own_event("admin-event", "change"),
    own_event("admin-capacity", "capacity"),
    own_event("admin-copy", "copy"),
    own_event("admin-cancel", "cancel"),
    own_event("admin-broadcast", "broadcast"),
    own_event("admin-waitlist-rules", "waitlist"),
    own_event("admin-history", "history"),
    Screen(
        "admin-waitlist",
        "admin:waitlist_entry_changelist",
        lambda world: (
            reverse("admin:waitlist_entry_changelist") + f"?event__id__exact={world.entry.event_id}"
        ),
        "organiser",
    ),
    Screen(
        "admin-waiting",
        "admin:waitlist_entry_change",
        lambda world: reverse("admin:waitlist_entry_change", args=[world.entry.pk]),
        "organiser",
    ),
    Screen(
        "admin-waiting-move",
        "admin:waitlist_entry_move",
        lambda world: reverse("admin:waitlist_entry_move", args=[world.entry.pk]),
        "admin",
    ),
    plain("admin-bookings", "admin:bookings_booking_changelist", "organiser"),
    Screen(
        "admin-booking",
        "admin:bookings_booking_change",
        lambda world: reverse("admin:bookings_booking_change", args=[world.ticket.pk]),
        "admin",
    ),
    Screen(
        "admin-payment",
        "admin:bookings_booking_payment",
        lambda world: reverse("admin:bookings_booking_payment", args=[world.ticket.pk]),
        "admin",
    ),
    Screen(
        "admin-cancelling",
        "admin:bookings_booking_cancelling",
        lambda world: reverse(
            "admin:bookings_booking_cancelling", args=[world.events["cancelled"].pk]
        ),
        "admin",
    ),
    plain("admin-teams", "admin:events_organiser_changelist", "organiser"),
    Screen(
        "admin-team",
        "admin:events_organiser_change",
        lambda world: reverse("admin:events_organiser_change", args=[own(world).organiser_id]),
        "organiser",
    ),
    Screen(
        "admin-team-invited",
        "admin:events_organiser_change",
        lambda world: (
            _invitation(world)
            and reverse("admin:events_organiser_change", args=[own(world).organiser_id])
        ),
        "organiser",
    ),
    plain("admin-invite", "admin:events_invitation_add", "organiser"),
    plain("admin-invitations", "admin:events_invitation_changelist", "organiser"),
    plain("admin-changes", "admin:history_change_changelist", "organiser"),
    plain("admin-messages", "admin:notifications_broadcast_changelist", "organiser"),
    plain("admin-write-message", "admin:notifications_broadcast_write", "organiser"),
    plain("admin-mails", "admin:notifications_delivery_changelist", "admin"),
    plain("admin-mail-previews", "admin:notifications_delivery_previews", "admin"),
    plain("admin-people", "admin:accounts_user_changelist", "admin"),
    plain("admin-audits", "admin:events_inventoryaudit_changelist", "admin"),
)

SCREENS = VISITORS_SCREENS + ADMIN_SCREENS

# Addresses of the visitors' site that show no page of their own, and why.
NO_SCREENS = {
    "account_set_password": "leads to change-password whoever has one, and everybody has",
    "account_confirm_login_code": "leads to log-in: codes are switched off",
    "accounts:send_again": "takes a button and leads back to the page where it stands",
    "accounts:data": "a file with the person's data",
    "bookings:book": "takes the booking form and leads to the ticket, or back to the event",
    "bookings:calendar": "a calendar file",
    "bookings:make_token": "takes a form of the developers' page and shows that page",
    "docs": "a library's viewer, whose buttons inside buttons no style sheet can mend",
    "events:robots": "for robots",
    "events:sitemap": "for robots",
    "security-txt": "for robots",
    "events:sitemap-section": "for robots",
    "notifications:open": "leads to what a notice tells of",
    "notifications:read_all": "takes a form of the page of notices and shows that page",
    "schema": "for programs",
    "sendgrid-events": "for SendGrid, which tells what became of mails",
    "waitlist:accept": "takes the form of an offer and leads to the ticket",
    "waitlist:decline": "takes the form of an offer and shows that it has gone",
    "waitlist:leave": "takes a form of one's place and leads back to the event",
    "set_language": "takes the choice of a language and leads back",
}
