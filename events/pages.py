"""The catalogue: the page with all upcoming events."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from evently.api.pagination import paginate
from evently.errors import Invalid
from evently.site.pages import page, visitor
from events import queries

CARDS = 24
WHEN = {"week": timedelta(days=7), "month": timedelta(days=30), "quarter": timedelta(days=91)}
PRICES = {"free": Decimal(0), "20": Decimal(20), "50": Decimal(50), "100": Decimal(100)}


class SearchForm(forms.Form):
    """What the catalogue is narrowed down to; a value that makes no sense narrows nothing."""

    search = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, place, words")}),
    )
    when = forms.ChoiceField(
        label=_("When"),
        required=False,
        choices={
            "": _("Any time"),
            "week": _("Next 7 days"),
            "month": _("Next 30 days"),
            "quarter": _("Next 3 months"),
        },
    )
    price = forms.ChoiceField(
        label=_("Price"),
        required=False,
        choices={
            "": _("Any price"),
            "free": _("Free"),
            "20": _("Up to 20"),
            "50": _("Up to 50"),
            "100": _("Up to 100"),
        },
    )
    available = forms.BooleanField(label=_("Only with seats left"), required=False)

    def wish(self, now: datetime) -> queries.EventSearch:
        self.is_valid()
        asked = self.cleaned_data
        span = WHEN.get(asked.get("when", ""))
        return queries.EventSearch(
            search=asked.get("search", ""),
            starts_before=now + span if span else None,
            max_price=PRICES.get(asked.get("price", "")),
            available=asked.get("available", False),
        )


@require_safe
@page
def catalogue(request: HttpRequest) -> HttpResponse:
    """Upcoming events as cards, soonest first."""
    now, cursor = timezone.now(), request.GET.get("cursor")
    form = SearchForm(request.GET)
    wish = form.wish(now)
    events = queries.list_events(search=wish, user=visitor(request), now=now)
    try:
        shown = paginate(events, cursor=cursor, limit=CARDS)
    except Invalid:
        return redirect("events:catalogue")
    context = {
        "form": form,
        "page": shown,
        "is_narrowed": wish != queries.EventSearch(),
        "poll": _poll_address(wish, cursor),
    }
    return render(request, "events/catalogue.html", context)


def _poll_address(wish: queries.EventSearch, cursor: str | None) -> str:
    """Where the page's script asks how its cards stand; sold-out ones are to be told, too."""
    wish = replace(wish, available=False)
    asked: dict[str, Any] = {
        "limit": CARDS,
        "search": wish.search,
        "starts_before": wish.starts_before.isoformat() if wish.starts_before else None,
        "max_price": wish.max_price,
        "cursor": cursor,
    }
    return f"{reverse('events')}?" + urlencode(
        {k: v for k, v in asked.items() if v not in {None, ""}}
    )
