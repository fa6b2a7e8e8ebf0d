"""The catalogue: the page with all upcoming events."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from evently.api.pagination import paginate
from evently.errors import Invalid
from evently.site.pages import page, visitor
from evently.site.public import public
from evently.site.templatetags.show import number
from events.catalogue import CatalogueSearch, list_catalogue
from events.keeping import SECONDS, SECONDS_OF_AVAILABLE, let_edge_keep_list
from events.listing import MAX_COUNT, count_hits, fetch_currencies, fetch_search
from events.models import Event
from events.queries import EventSearch
from events.suggestions import list_suggestions

CARDS = 24
WHEN = {"week": timedelta(days=7), "month": timedelta(days=30), "quarter": timedelta(days=91)}
PRICES = {"free": Decimal(0), "20": Decimal(20), "50": Decimal(50), "100": Decimal(100)}


class DateInput(forms.DateInput):
    """The browser's own calendar, which wants ISO dates whatever the language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _words(example: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search", "placeholder": example, "dir": "auto"})


class SearchForm(forms.Form):
    """What the catalogue is narrowed down to; a value that makes no sense narrows nothing."""

    search = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=_words(_("Name or words")),
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
    where = forms.CharField(
        label=_("Where"), required=False, max_length=200, widget=_words(_("City or place"))
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
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    available = forms.BooleanField(label=_("Only available"), required=False)
    first_date = forms.DateField(label=_("From"), required=False, widget=DateInput())
    last_date = forms.DateField(label=_("Until"), required=False, widget=DateInput())
    organiser = forms.UUIDField(required=False, widget=forms.HiddenInput())

    def __init__(self, data: Any, currencies: Sequence[str]) -> None:
        super().__init__(data)
        self.only_currency = currencies[0] if len(currencies) == 1 else ""
        field = self.fields["currency"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any currency")), *((code, code) for code in currencies)]
        if len(currencies) < 2:
            del self.fields["currency"]

    def clean(self) -> None:
        price, currency = (self.cleaned_data.get(name, "") for name in ("price", "currency"))
        if "currency" in self.cleaned_data and PRICES.get(price) and not currency:
            told = _("Choose the currency of this price, too: amounts are not converted.")
            self.add_error("currency", told)
        first, last = self.cleaned_data.get("first_date"), self.cleaned_data.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", _("Choose the same day as “From”, or a later one."))

    def wish(self, now: datetime) -> CatalogueSearch:
        self.is_valid()
        asked = self.cleaned_data
        span = WHEN.get(asked.get("when", ""))
        # The same wish within an hour is the same search.
        now = now.replace(minute=0, second=0, microsecond=0)
        max_price = PRICES.get(asked.get("price", ""))
        currency = asked.get("currency") or (self.only_currency if max_price else "") or None
        common = EventSearch(
            search=asked.get("search", ""),
            starts_before=now + span if span else None,
            max_price=max_price if currency or not max_price else None,
            currency=currency,
            available=asked.get("available", False),
        )
        return CatalogueSearch(
            common=common,
            place=asked.get("where", ""),
            first_date=asked.get("first_date"),
            last_date=asked.get("last_date"),
            organiser=asked.get("organiser"),
        )


@public(
    when=WHEN,
    price=PRICES,
    currency=None,
    available={"on"},
    search=None,
    where=None,
    first_date=None,
    last_date=None,
    organiser=None,
    cursor=None,
)
@page
@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Upcoming events as cards, soonest first."""
    now, cursor = timezone.now(), request.GET.get("cursor")
    form = SearchForm(request.GET, fetch_currencies(now))
    wish = form.wish(now)
    events = list_catalogue(search=wish, user=visitor(request), now=now)
    try:
        fetch = fetch_search(wish, cursor)
        shown = paginate(events, cursor=cursor, limit=CARDS, fetch=fetch)
    except Invalid:
        return redirect("events:catalogue")
    is_empty = not shown.rows and not cursor
    context = {
        "form": form,
        "page": shown,
        "suggestions": list_suggestions(search=wish, user=visitor(request), now=now)
        if is_empty
        else [],
        "hits": _hits(count_hits(events, wish)),
        "is_narrowed": wish != CatalogueSearch(),
        "has_dates": any(request.GET.get(name) for name in ("first_date", "last_date")),
        "poll": _poll_address(wish.common, shown.rows),
    }
    response = render(request, "events/catalogue.html", context)
    seconds = SECONDS_OF_AVAILABLE if wish.common.available else SECONDS
    return let_edge_keep_list(request, response, shown.rows, now=now, seconds=seconds)


def _hits(count: int | None) -> str:
    if count is None:
        return ""
    if count >= MAX_COUNT:
        return _now("%(count)s events or more") % {"count": number(count)}
    return ngettext("%(count)s event", "%(count)s events", count) % {"count": number(count)}


def _poll_address(wish: EventSearch, shown: list[Event]) -> str:
    """Where the page's script asks how its cards stand: whatever takes place between the start of
    the first and of the last. Those that began last come first: what began before the first card
    stands on an earlier page.

    Sold-out ones are to be told, too.
    """
    asked: dict[str, Any] = {
        "ordering": "-starts_at",
        "limit": CARDS,
        "search": wish.search,
        "max_price": wish.max_price,
        "currency": wish.currency,
    }
    if shown:
        asked["starts_after"] = shown[0].starts_at.isoformat()
        asked["starts_before"] = shown[-1].starts_at.isoformat()
    return f"{reverse('events')}?" + urlencode(
        {k: v for k, v in asked.items() if v not in {None, ""}}
    )
