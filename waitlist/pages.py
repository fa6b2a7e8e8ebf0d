"""The pages of those who wait: joining a line, one's place in it, and an offer."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.queries import find_live_booking
from evently.accounts.models import User
from evently.api.problem import STATUS
from evently.errors import NotFound, Refusal
from evently.site.pages import page, person, visitor
from events.models import Event
from events.queries import get_event
from waitlist import queries, services
from waitlist.errors import AlreadyWaiting, EntryNotFound, OfferPassed
from waitlist.forms import JoinForm
from waitlist.models import Entry, Offer
from waitlist.odds import prospect_of_joining, prospects_of

SECONDS_OF_AN_HOUR = 3600


@page
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """One's own place in the line; for whoever has none, what it would be, and the way in."""
    user = visitor(request)
    event = get_event(event_id=event_id, user=user)
    if user:
        _end_overdue_offer(event, user)
    if request.method == "POST" and user:
        return _join(request, event)
    entry = queries.find_entry(event_id=event.pk, user=user) if user else None
    if entry is None:
        seats = request.GET.get("seats", "")
        form = JoinForm(event, initial={"seats": _seats_to_ask_for(event, seats)})
        return _show_way_in(request, event, form)
    return _show_place(request, event, entry)


@page
@require_POST
@login_required
def leave(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Give up one's place: one click."""
    try:
        services.leave_waitlist(event_id=event_id, user=person(request), now=timezone.now())
    except EntryNotFound:
        pass  # It was given up before.
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("waitlist:place", event_id=event_id)
    messages.success(request, _("You have left the waitlist."))
    return redirect("bookings:event", event_id=event_id)


@page
@require_safe
@login_required
def offer(request: HttpRequest, token: str) -> HttpResponse:
    """An offer as long as it stands; afterwards, what became of it."""
    return _show_offer(request, token)


@page
@require_POST
@login_required
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Book the offered seats."""
    try:
        booking = services.accept_offer(
            offer_id=queries.offer_id_of(token), user=person(request), now=timezone.now()
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _show_offer(request, token, refusal)
    return redirect("bookings:ticket", reference=booking.reference)


@page
@require_POST
@login_required
def decline(request: HttpRequest, token: str) -> HttpResponse:
    """Let the offered seats go to the next."""
    try:
        services.decline_offer(
            offer_id=queries.offer_id_of(token), user=person(request), now=timezone.now()
        )
    except OfferPassed:
        pass  # They have gone already: the page says so.
    except NotFound:
        raise
    except Refusal as refusal:
        return _show_offer(request, token, refusal)
    return redirect("waitlist:offer", token=token)


def _end_overdue_offer(event: Event, user: User) -> None:
    """Whoever comes back to the line does not wait for the round that lets offers pass."""
    entry, now = queries.find_entry(event_id=event.pk, user=user), timezone.now()
    found = (
        queries.find_open_offer(entry) if entry and entry.status == Entry.Status.OFFERED else None
    )
    if found and found.expires_at <= now:
        with suppress(OfferPassed):  # which says what was to be done
            services.decline_offer(offer_id=found.pk, user=user, now=now)


def _join(request: HttpRequest, event: Event) -> HttpResponse:
    form = JoinForm(event, request.POST)
    if not form.is_valid():
        return _show_way_in(request, event, form, status=400)
    try:
        services.join_waitlist(
            event_id=event.pk,
            user=person(request),
            quantity=form.cleaned_data["seats"],
            part_is_fine=form.cleaned_data["part_is_fine"],
            now=timezone.now(),
        )
    except AlreadyWaiting:
        pass  # The page shows the place that there is.
    except NotFound:
        raise
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _show_way_in(request, event, form, status=STATUS[refusal.kind])
    return redirect("waitlist:place", event_id=event.pk)


def _show_way_in(
    request: HttpRequest, event: Event, form: JoinForm, *, status: int = 200
) -> HttpResponse:
    user, now = visitor(request), timezone.now()
    seats = form.cleaned_data.get("seats") if form.is_bound else form.initial["seats"]
    back = f"{request.path}?{urlencode({'seats': seats or 1})}"
    context = {
        "event": event,
        "form": form,
        "prospect": prospect_of_joining(event, user=user, seats=seats or 1, now=now),
        "is_open": event.is_bookable(now),
        "is_paused": queries.find_rules(event_id=event.pk).is_paused,
        "booking": find_live_booking(event_id=event.pk, user=user) if user else None,
        "log_in": f"{reverse('account_login')}?{urlencode({'next': back})}",
    }
    return render(request, "waitlist/join.html", context, status=status)


def _show_place(request: HttpRequest, event: Event, entry: Entry) -> HttpResponse:
    offered = queries.find_open_offer(entry)
    if offered:
        return redirect("waitlist:offer", token=queries.offer_token(offered))
    entry.event = event
    rules, now = queries.find_rules(event_id=event.pk), timezone.now()
    context = {
        "event": event,
        "entry": entry,
        "prospect": prospects_of([entry], now=now)[entry.pk],
        "rules": rules,
        "hold": rules.offer_window(event, now),
    }
    return render(request, "waitlist/place.html", context)


def _show_offer(request: HttpRequest, token: str, refusal: Refusal | None = None) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = queries.get_offer(offer_id=queries.offer_id_of(token), user=user)
    if found.status == Offer.Status.ACCEPTED and found.booking:
        return redirect("bookings:ticket", reference=found.booking.reference)
    context = {"offer": found, "event": found.event, "token": token, "refusal": refusal}
    status = STATUS[refusal.kind] if refusal else 200
    if found.status != Offer.Status.OPEN or found.expires_at <= now:
        again = queries.find_entry(event_id=found.event_id, user=user)
        context |= {"is_waiting": again is not None and again.pk != found.entry_id}
        return render(request, "waitlist/passed.html", context, status=status)
    return render(request, "waitlist/offer.html", context | _time_left(found, now), status=status)


def _time_left(offer: Offer, now: datetime) -> dict[str, Any]:
    """Whole seconds, so that the page's own clock need not be right."""
    left = int((offer.expires_at - now).total_seconds())
    return {
        "left": left,
        "whole": int((offer.expires_at - offer.made_at).total_seconds()),
        "clock": f"{left // SECONDS_OF_AN_HOUR}:{left // 60 % 60:02}:{left % 60:02}"
        if left >= SECONDS_OF_AN_HOUR
        else f"{left // 60}:{left % 60:02}",
    }


def _seats_to_ask_for(event: Event, typed: str) -> int:
    """What was asked for on the event's page; fewer than are free need no line."""
    asked = int(typed) if typed.isdecimal() and len(typed) < 7 else 1
    return max(1, min(event.max_per_booking, max(asked, event.available_seats + 1)))
