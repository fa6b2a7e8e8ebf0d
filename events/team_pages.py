"""The way into a team for those who are not in the admin yet: founding one, and being invited."""

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evently.accounts.address_pages import note_waiting_page
from evently.accounts.validators import validate_name
from evently.errors import Invalid, Refusal
from evently.fields import LineInput
from evently.site.pages import page, person, visitor
from events import services
from events.models import MAX_NAME, Invitation
from events.queries import find_invitation, list_organisers
from events.services.invitations import is_open

FORM_METHODS = ("GET", "HEAD", "POST")


class TeamForm(forms.Form):
    """What people will read beside the events."""

    name = LineInput(
        label=_("Name of your team"),
        help_text=_("Everybody reads it on the pages of your events. You can change it later."),
        max_length=MAX_NAME,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "organization"}),
    )


@page
@require_http_methods(FORM_METHODS)
@never_cache
@login_required
def sell(request: HttpRequest) -> HttpResponse:
    """Found a team, then go on to its first event; first of all the address is to be verified."""
    founder = person(request)
    if not founder.is_verified:
        note_waiting_page(request)
        return render(request, "events/sell_unverified.html")
    form = TeamForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            organiser = services.create_organiser(name=form.cleaned_data["name"], by=founder)
        except Invalid as refusal:
            form.add_error("name", refusal.errors["name"])
        else:
            founded = _now("%(team)s is there. Now add the first event.") % {"team": organiser.name}
            messages.success(request, founded)
            return redirect("admin:events_event_add")
    context = {"form": form, "teams": list_organisers(user=founder)[:5]}
    return render(request, "events/sell.html", context, status=400 if form.errors else 200)


@page
@require_http_methods(FORM_METHODS)
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link of an invitation: what it is to, and the button that accepts it."""
    found = find_invitation(token)
    if found is None or not is_open(found, now=timezone.now()):
        return render(request, "events/invitation_closed.html", status=410)
    reader = visitor(request)
    refusal: Refusal | None = None
    if reader and request.method == "POST":
        try:
            services.accept_invitation(token=token, by=reader, now=timezone.now())
        except Refusal as said:
            refusal = said
        else:
            joined = _now("You are in the team of %(team)s.") % {"team": found.organiser.name}
            messages.success(request, joined)
            return redirect("admin:index")
    context = {"invitation": found, "refusal": refusal, **_ways_in(request, found)}
    status = 409 if refusal else 200
    return render(request, "events/invitation.html", context, status=status)


def _ways_in(request: HttpRequest, found: Invitation) -> dict[str, object]:
    """For whoever is not logged in with the address: log in or sign up, and come back."""
    reader = visitor(request)
    back = {"next": request.path}
    return {
        "is_reader": reader is not None and reader.email == found.email,
        "log_in": f"{reverse('account_login')}?{urlencode(back)}",
        "sign_up": f"{reverse('account_signup')}?{urlencode(back | {'email': found.email})}",
    }
