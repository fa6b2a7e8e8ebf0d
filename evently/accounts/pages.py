"""The pages of a person's own account: profile, own data, deleting it."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.i18n import set_language

from evently.accounts import personal_data, services
from evently.accounts.forms import NameForm, PasswordForm
from evently.accounts.models import User
from evently.errors import Refusal

FORM_METHODS = ("GET", "HEAD", "POST")


@require_http_methods(FORM_METHODS)
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """The person's name, and the way to everything else of the account."""
    person = _person(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial=_shown(person))
    if form.is_valid():
        services.rename_user(user=person, name=form.cleaned_data["name"])
        messages.success(request, _("Your name is saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form}, status=_status(form))


@csrf_exempt  # harms nobody, and a page without a secret in its footer can be kept
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """The form in the footer: the language of pages, and of mails to a person who is logged in."""
    answer = set_language(request)
    chosen = answer.cookies.get(settings.LANGUAGE_COOKIE_NAME)
    if chosen and request.user.is_authenticated:
        with translation.override(chosen.value):
            services.note_language(user=_person(request))
    return answer


@require_safe
@login_required
def data(request: HttpRequest) -> HttpResponseBase:
    """Everything that Evently knows about the person, as a file."""
    answer = StreamingHttpResponse(
        personal_data.stream_personal_data(_person(request)), content_type="application/json"
    )
    answer["Content-Disposition"] = 'attachment; filename="evently-my-data.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(FORM_METHODS)
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    """Say what deleting the account does, ask for the password, then do it."""
    person, now = _person(request), timezone.now()
    form = PasswordForm(request, request.POST if request.method == "POST" else None)
    try:
        foretold = personal_data.foretell_erasure(person, now=now)
        if form.is_valid():
            personal_data.erase_account(user=person, now=now)
            return _say_goodbye(request)
    except Refusal as refusal:
        return render(request, "accounts/delete_refused.html", {"reason": refusal}, status=409)
    context = {"form": form, "foretold": foretold}
    return render(request, "accounts/delete.html", context, status=_status(form))


def _say_goodbye(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, _("Your account is deleted. Goodbye, and thank you."))
    return redirect("/")


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _shown(person: User) -> dict[str, str]:
    return {"name": person.name}


def _status(form: NameForm | PasswordForm) -> int:
    return 400 if form.errors else 200
