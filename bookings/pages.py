"""The pages of a visitor: an event with its booking form, tickets, and my bookings."""

from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from bookings import queries, services
from bookings.errors import AlreadyCancelled, IdempotencyMismatch, SoldOut
from evently.api.pagination import paginate
from evently.api.problem import STATUS
from evently.errors import Invalid, NotFound, Refusal
from evently.site.pages import page, person, visitor
from events.models import MAX_CAPACITY
from events.queries import get_event

BOOKINGS_OF_A_PAGE = 50


class BookForm(forms.Form):
    """Seats, and a key made with each showing of the form: sending it again changes nothing."""

    seats = forms.IntegerField(min_value=1, max_value=MAX_CAPACITY)
    key = forms.RegexField(r"^[\x21-\x7e]{1,255}$")


@require_safe
@page
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """An event, and the form to book it."""
    return _show_event(request, event_id, seats=request.GET.get("seats", "1"))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def book(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Book seats; what is refused is said on the event's page, with what was typed."""
    address = reverse("bookings:event", args=[event_id])
    if request.method != "POST":
        return redirect(address)
    form, typed = BookForm(request.POST), request.POST.get("seats", "1")
    if visitor(request) is None:
        return redirect_to_login(f"{address}?seats={typed}" if typed.isdecimal() else address)
    if not form.is_valid():
        return _show_event(request, event_id, seats=typed, refusal=_unreadable())
    try:
        booking = services.book(
            event_id=event_id,
            request=services.BookingRequest(
                user_id=person(request).pk,
                quantity=form.cleaned_data["seats"],
                idempotency_key=form.cleaned_data["key"],
            ),
            now=timezone.now(),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _show_event(request, event_id, seats=typed, refusal=refusal)
    return redirect("bookings:ticket", reference=booking.reference)


@require_safe
@login_required
@page
def my_bookings(request: HttpRequest) -> HttpResponse:
    """What comes next, what is past and what was cancelled."""
    rows, now = queries.list_bookings(user=person(request)), timezone.now()
    try:
        shown = paginate(rows, cursor=request.GET.get("cursor"), limit=BOOKINGS_OF_A_PAGE)
    except Invalid:
        return redirect("bookings:mine")
    live = [booking for booking in shown.rows if booking.status in booking.LIVE]
    coming = [booking for booking in live if booking.event.ends_at > now]
    groups = [
        (_("Next"), sorted(coming, key=lambda booking: booking.event.starts_at)),
        (_("Past"), [booking for booking in live if booking.event.ends_at <= now]),
        (_("Cancelled"), [booking for booking in shown.rows if booking not in live]),
    ]
    return render(request, "bookings/mine.html", {"groups": groups, "page": shown})


@require_safe
@login_required
@page
def ticket(request: HttpRequest, reference: str) -> HttpResponse:
    return _show_booking(request, "bookings/ticket.html", reference)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@page
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask once more, then cancel the booking."""
    if request.method != "POST":
        return _show_booking(request, "bookings/cancel.html", reference)
    try:
        services.cancel_booking(reference=reference, by=person(request), now=timezone.now())
    except (AlreadyCancelled, NotFound):
        pass  # The ticket's page says that it is cancelled, or is not there.
    except Refusal as refusal:
        return _show_booking(request, "bookings/ticket.html", reference, refusal)
    return redirect("bookings:ticket", reference=reference)


def _show_event(
    request: HttpRequest, event_id: UUID, *, seats: str, refusal: Refusal | None = None
) -> HttpResponse:
    user = visitor(request)
    event = get_event(event_id=event_id, user=user)
    context = {
        "event": event,
        "booking": queries.find_live_booking(event_id=event_id, user=user) if user else None,
        "seats": seats,
        "total": event.price * (int(seats) if seats.isdecimal() and len(seats) < 7 else 1),
        "key": uuid4().hex,
        "is_open": event.is_bookable(timezone.now()),
        "advice": _advice(refusal) if refusal else None,
    }
    status = STATUS[refusal.kind] if refusal else 200
    return render(request, "bookings/event.html", context, status=status)


def _show_booking(
    request: HttpRequest, template: str, reference: str, refusal: Refusal | None = None
) -> HttpResponse:
    booking = queries.get_booking(reference=reference, user=person(request))
    context = {
        "booking": booking,
        "event": booking.event,
        "may_cancel": booking.status in booking.LIVE and booking.event.ends_at > timezone.now(),
        "advice": _advice(refusal) if refusal else None,
    }
    return render(request, template, context, status=STATUS[refusal.kind] if refusal else 200)


def _unreadable() -> Invalid:
    return Invalid(seats=_("Say how many seats you want, as a whole number from 1 up."))


def _advice(refusal: Refusal) -> str:
    """What stands in the way and what to do about it."""
    if isinstance(refusal, SoldOut):
        return _sold_out_advice(refusal)
    if isinstance(refusal, IdempotencyMismatch):
        return _(
            "You sent this form before, for another number of seats. Your first booking counts."
        )
    if isinstance(refusal, Invalid):
        return " ".join(text for texts in refusal.errors.values() for text in texts)
    return str(refusal)


def _sold_out_advice(refusal: SoldOut) -> str:
    left = refusal.facts["available_seats"]
    if not left:
        return _("The last seats have just gone. Nothing was booked.")
    take = ngettext(
        "Take the last one, or find another event.",
        "Take %(left)s or fewer, or find another event.",
        left,
    )
    return f"{refusal} {take % {'left': left}}"
