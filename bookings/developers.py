"""The page for developers: how a program books."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from bookings.errors import (
    AlreadyBooked,
    AlreadyCancelled,
    BookingInProgress,
    SoldOut,
)
from evently.accounts.tokens import TokenPair, issue_tokens
from evently.api.problem import STATUS
from evently.errors import Busy, Invalid, Refusal
from evently.idempotency.errors import IdempotencyMismatch
from evently.purging import EVENTS
from evently.site.pages import page, person
from evently.site.public import let_edge_keep, public
from events.errors import EventClosed, EventNotFound
from events.queries import EventSearch, list_events

REFUSALS: tuple[type[Refusal], ...] = (
    Invalid,
    EventNotFound,
    EventClosed,
    SoldOut,
    AlreadyBooked,
    BookingInProgress,
    AlreadyCancelled,
    IdempotencyMismatch,
    Busy,
)
SECONDS = 300
SAMPLE_EVENT = "00000000-0000-0000-0000-000000000000"


@public()
@page
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """What the API does, examples that work when they are pasted, and a button for a token."""
    return let_edge_keep(request, _show(request), tags=[EVENTS], seconds=SECONDS)


@page
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def make_token(request: HttpRequest) -> HttpResponse:
    """Make tokens for whoever is logged in and show them this one time."""
    if request.method != "POST":
        return redirect("bookings:developers")
    return _show(request, issue_tokens(person(request)))


def _show(request: HttpRequest, tokens: TokenPair | None = None) -> HttpResponse:
    root = request.build_absolute_uri("/").rstrip("/")
    context = {
        "root": root,
        "live_root": root.replace("http", "ws", 1),
        "event_id": _event_to_book(),
        "tokens": tokens,
        "access_minutes": settings.ACCESS_TOKEN_LIFETIME // timedelta(minutes=1),
        "refresh_days": settings.REFRESH_TOKEN_LIFETIME // timedelta(days=1),
        "refusals": [(STATUS[refusal.kind], refusal.code, refusal.title) for refusal in REFUSALS],
    }
    return render(request, "developers.html", context)


def _event_to_book() -> str:
    """An event that the example can book, so that pasting it is all there is to do."""
    now = timezone.now()
    upcoming = list_events(search=EventSearch(available=True), user=None, now=now)
    found = upcoming.values_list("pk", flat=True).first()
    return str(found or SAMPLE_EVENT)
