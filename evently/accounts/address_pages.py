"""The pages of an account's address: which it is, another one, and the link that was mailed."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evently.accounts import addresses
from evently.accounts.errors import EmailTaken, LinkRefused, TooManyMails
from evently.accounts.forms import AddressForm, PasswordForm
from evently.accounts.models import User
from evently.errors import Invalid

FORM_METHODS = ("GET", "HEAD", "POST")
# Where in the session stands the page that waits for a verified address.
WAITS = "waits_for_address"


def note_waiting_page(request: HttpRequest) -> None:
    """Lead back to this page when the person has verified the address in the same browser."""
    request.session[WAITS] = request.path


@require_http_methods(FORM_METHODS)
@login_required
@never_cache
def address(request: HttpRequest) -> HttpResponse:
    """The account's address, whether it is verified, and the form for another one."""
    person = cast(User, request.user)
    form = AddressForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            addresses.request_address_change(user=person, email=form.cleaned_data["email"])
        except Invalid as refusal:
            form.add_error("email", refusal.errors["email"])
        except TooManyMails as refusal:
            form.add_error("email", str(refusal))
        else:
            sent = _("A link is on its way to %(email)s. Your address changes when you follow it.")
            messages.success(request, sent % {"email": form.cleaned_data["email"]})
            return redirect("account_email")
    status = 400 if form.errors else 200
    return render(request, "account/email.html", {"form": form}, status=status)


@require_POST
@login_required
def send_again(request: HttpRequest) -> HttpResponse:
    """Mail the link that verifies once more, and lead back to where the button stood."""
    person = cast(User, request.user)
    try:
        addresses.send_verification(user=person)
    except TooManyMails as refusal:
        messages.error(request, str(refusal))
    else:
        sent = _("A mail is on its way to %(email)s.")
        messages.success(request, sent % {"email": person.email})
    back = request.POST.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours and back.startswith("/") else "account_email")


@require_http_methods(FORM_METHODS)
@never_cache
def confirm(request: HttpRequest, key: str) -> HttpResponse:
    """The page of the mailed link: a button for a person who is logged in with the account, or a
    form that asks for its password."""
    try:
        claim = addresses.read_claim(key)
    except LinkRefused as refusal:
        return render(request, "account/email_confirm.html", {"reason": refusal}, status=410)
    is_logged_in = request.user == claim.user
    data = request.POST if request.method == "POST" else None
    form = None if is_logged_in else PasswordForm(request, data, account=claim.user)
    context = {"claim": claim, "form": form}
    if data is not None and (form is None or form.is_valid()):
        try:
            person = addresses.confirm_address(token=key, by=claim.user, now=timezone.now())
        except (EmailTaken, LinkRefused) as refusal:
            refused = {"reason": refusal}
            return render(request, "account/email_confirm.html", refused, status=409)
        return _go_on(request, person)
    status = 400 if form and form.errors else 200
    return render(request, "account/email_confirm.html", context, status=status)


def _go_on(request: HttpRequest, person: User) -> HttpResponse:
    waiting = request.session.pop(WAITS, "/")
    if request.user != person:
        get_adapter().login(request, person)
    messages.success(request, _("Your address %(email)s is confirmed.") % {"email": person.email})
    return redirect(waiting)
