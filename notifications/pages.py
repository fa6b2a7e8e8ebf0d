"""The pages of notices: the list, what one leads to, choices, and the end of a kind of mail."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evently.api.pagination import paginate
from evently.errors import Invalid
from evently.site.pages import page, person
from notifications import queries, services
from notifications.models import Channel, Kind
from notifications.targets import target_of
from notifications.unsubscribing import read_unsubscribe_token
from notifications.wording import MAILED, OPTIONAL, OWN_DOING

NOTICES_OF_A_PAGE = 50
FORM_METHODS = ("GET", "HEAD", "POST")


class PreferencesForm(forms.Form):
    """A tick for each kind of mail."""

    def __init__(self, wishes: dict[str, dict[str, bool]], data: Any = None) -> None:
        super().__init__(
            data, initial={kind: channels["mail"] for kind, channels in wishes.items()}
        )
        for kind in MAILED:
            self.fields[kind.value] = forms.BooleanField(label=kind.label, required=False)

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """What follows from the person's own doing first, then what nobody needs."""
        return [
            (_("Bookings and waitlists"), [self[kind.value] for kind in OWN_DOING]),
            (_("More"), [self[kind.value] for kind in OPTIONAL]),
        ]

    def choices(self) -> dict[tuple[Kind, Channel], bool]:
        return {(kind, Channel.MAIL): self.cleaned_data[kind.value] for kind in MAILED}


@page
@require_safe
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """Everything that the person was told, newest first."""
    rows = queries.list_notices(user=person(request))
    try:
        shown = paginate(rows, cursor=request.GET.get("cursor"), limit=NOTICES_OF_A_PAGE)
    except Invalid:
        return redirect("notifications:list")
    return render(request, "notifications/list.html", {"page": shown})


@page
@require_safe
@login_required
def open_notice(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Lead to what the notice tells of; that it was opened is noted, as a mail program does it."""
    notice = services.read_notice(notice_id=notice_id, user=person(request), now=timezone.now())
    return redirect(target_of(notice))


@page
@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    services.read_all_notices(user=person(request), now=timezone.now())
    return redirect("notifications:list")


@page
@require_http_methods(FORM_METHODS)
@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Which mails the person wants."""
    user = person(request)
    sent = request.POST if request.method == "POST" else None
    form = PreferencesForm(queries.preferences_of(user), sent)
    if form.is_valid():
        services.choose_notices(user=user, choices=form.choices())
        messages.success(request, _("Your choice is saved."))
        return redirect("notifications:preferences")
    return render(request, "notifications/preferences.html", {"form": form})


@csrf_exempt
@page
@require_http_methods(FORM_METHODS)
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop a kind of mail: the page asks, its button does it, and so do mail programs (RFC 8058).

    The signed link says who and what: there is no session that another site could misuse.
    """
    if request.method == "POST":
        kind, is_done = services.unsubscribe(token=token), True
    else:
        (_user, kind), is_done = read_unsubscribe_token(token), False
    context = {"kind": kind.label, "is_done": is_done, "back": reverse("notifications:preferences")}
    return render(request, "notifications/unsubscribe.html", context)
