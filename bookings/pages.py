"""The pages of a visitor: an event with its booking form, tickets, and my bookings."""

from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from bookings import queries, services
from bookings.advice import advice
from bookings.calendar_file import CANCEL, calendar_method, ticket_calendar
from bookings.errors import AlreadyCancelled, SoldOut
from bookings.models import Booking
from bookings.wording import money_back_of, payment_of
from evently.api.pagination import paginate
from evently.api.problem import STATUS
from evently.errors import Invalid, NotFound, Refusal
from evently.site.pages import page, person, visitor
from evently.site.public import public
from events.keeping import let_edge_keep_event
from events.models import MAX_CAPACITY
from events.queries import get_event
from events.structured import event_document

BOOKINGS_OF_A_PAGE = 50


class BookForm(forms.Form):
    """Seats, and a key made with each showing of the form: sending it again changes nothing."""

    seats = forms.IntegerField(min_value=1, max_value=MAX_CAPACITY)
    key = forms.RegexField(r"^[\x21-\x7e]{1,255}$")


@public(seats={str(seats) for seats in range(1, 11)})
@page
@require_safe
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """An event, and the form to book it."""
    return _show_event(request, event_id, seats=request.GET.get("seats", "1"))


@page
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Book seats; what is refused is said on the event's page, with what was typed.

    Whoever is not logged in sends the form by GET: their page is kept for everybody, so it has no
    secret in it, and is only led to the log-in and back.
    """
    address = reverse("bookings:event", args=[event_id])
    typed = (request.POST or request.GET).get("seats", "")
    back = f"{address}?seats={typed}" if typed.isdecimal() else address
    if visitor(request) is None and typed:
        return redirect_to_login(back)
    if request.method != "POST":
        return redirect(back)
    form = BookForm(request.POST)
    if not form.is_valid():
        return _show_event(request, event_id, seats=typed, refusal=Invalid())
    try:
        booking = services.book_in_company(
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


@page
@require_safe
@login_required
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
        (pgettext("bookings", "Next"), sorted(coming, key=lambda booking: booking.event.starts_at)),
        (_("Past"), [booking for booking in live if booking.event.ends_at <= now]),
        (
            pgettext("booking", "Cancelled"),
            [booking for booking in shown.rows if booking not in live],
        ),
    ]
    return render(request, "bookings/mine.html", {"groups": groups, "page": shown})


@page
@require_safe
@login_required
def ticket(request: HttpRequest, reference: str) -> HttpResponse:
    return _show_booking(request, "bookings/ticket.html", reference)


@page
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
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


@page
@require_safe
@login_required
def calendar(request: HttpRequest, reference: str) -> HttpResponse:
    """The ticket as a file for a calendar; of a booking that is off, one that takes it out."""
    booking = queries.get_booking(reference=reference, user=person(request))
    content = ticket_calendar(
        [booking], address_of=lambda each: _ticket_address(request, each), now=timezone.now()
    )
    method = calendar_method(booking)
    answer = HttpResponse(content, content_type=f"text/calendar; method={method}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="evently-{booking.reference}.ics"'
    return answer


def _show_event(
    request: HttpRequest, event_id: UUID, *, seats: str, refusal: Refusal | None = None
) -> HttpResponse:
    user, now = visitor(request), timezone.now()
    event = get_event(event_id=event_id, user=user)
    address = request.build_absolute_uri(reverse("bookings:event", args=[event.pk]))
    picture = request.build_absolute_uri(static("evently/social.png"))
    context = {
        "event": event,
        "booking": queries.find_live_booking(event_id=event_id, user=user) if user else None,
        "seats": seats,
        "total": event.price * (int(seats) if seats.isdecimal() and len(seats) < 7 else 1),
        "key": uuid4().hex,
        "advice": advice(refusal, event, asked=seats) if refusal else None,
        "is_short": isinstance(refusal, SoldOut),
        "address": address,
        "document": event_document(event, address=address, image=picture, now=now),
    }
    status = STATUS[refusal.kind] if refusal else 200
    response = render(request, "bookings/event.html", context, status=status)
    return let_edge_keep_event(request, response, event, now=now)


def _show_booking(
    request: HttpRequest, template: str, reference: str, refusal: Refusal | None = None
) -> HttpResponse:
    booking = queries.get_booking(reference=reference, user=person(request))
    event, now = booking.event, timezone.now()
    is_over = event.ends_at <= now
    context = {
        "booking": booking,
        "event": event,
        "address": _ticket_address(request, booking),
        "is_own": booking.user_id == person(request).pk,
        "is_over": is_over,
        "may_cancel": booking.status in booking.LIVE and booking.cancellable_until > now,
        "cancellable_until": booking.cancellable_until,
        "was_moved": bool(event.moved_at and event.moved_at > booking.created_at),
        "is_off": calendar_method(booking) == CANCEL,
        "payment": payment_of(booking, is_over=is_over),
        "money_back": money_back_of(booking),
        "advice": advice(refusal, event) if refusal else None,
    }
    return render(request, template, context, status=STATUS[refusal.kind] if refusal else 200)


def _ticket_address(request: HttpRequest, booking: Booking) -> str:
    return request.build_absolute_uri(reverse("bookings:ticket", args=[booking.reference]))
