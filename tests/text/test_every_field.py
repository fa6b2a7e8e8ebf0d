"""No field for what people write is forgotten: models, serializers and forms are walked through."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.urls import get_resolver

from evently.api.fields import Line, Shape, Text
from evently.fields import LineField, LineInput, ParagraphsField

OURS = ("evently", "events", "bookings", "waitlist", "analytics", "pricing", "notifications")

# Columns that no person writes, or that hold one of a few words (and are checked against them).
MACHINE_WRITTEN = {
    # Names of tasks and states, error messages, keys and ids of providers.
    "jobs.JobRun.task",
    "jobs.JobRun.error",
    "history.Change.subject",
    "history.Change.field",
    "notifications.Delivery.provider",
    "notifications.Delivery.provider_message_id",
    "notifications.Delivery.last_error",
    "notifications.Attempt.provider",
    "notifications.Attempt.detail",
    "bookings.Booking.reference",
    "accounts.TokenFamily.password_mark",
    "idempotency.KeptAnswer.key",
    "idempotency.KeptAnswer.request",
    "events.Invitation.token_hash",
    # Known words only: a language, a zone, a currency.
    "accounts.User.language",
    "notifications.Notice.language",
    "events.Event.timezone",
    "events.Event.currency",
    "bookings.Booking.currency",
    "waitlist.Offer.currency",
    # A hash; a copy of a name that was cleaned; what an imported file calls an event.
    "accounts.User.password",
    "history.Change.label",
    "events.Event.import_uid",
}
# Parameters and secrets: compared, never stored as text or shown to others.
NOT_KEPT = {
    "Registration.email",
    "Registration.password",
    "Credentials.email",
    "Credentials.password",
    "Credentials.device",
    "Confirmation.token",
    "RefreshIn.refresh",
    "EventSearchIn.search",
    "EventPatch.timezone",
    "EventIn.timezone",
    "PageIn.cursor",
    "EventSearchIn.cursor",
    "PasswordForm.password",
    "AddressForm.password",
    "SignUpForm.username",  # taken out: nobody has a user name
    "PersonAddForm.password1",
    "PersonAddForm.password2",
    "SearchForm.search",
    "SearchForm.where",
}


def test_every_column_that_people_write_is_one_of_ours() -> None:
    plain = set()
    for model in apps.get_models(include_auto_created=True):
        if not model.__module__.startswith(OURS):
            continue
        for field in model._meta.get_fields():
            if is_plain_text(field):
                plain.add(f"{model._meta.app_label}.{model.__name__}.{field.name}")
    assert sorted(plain - MACHINE_WRITTEN) == []


def is_plain_text(field: Any) -> bool:
    is_text = isinstance(field, models.CharField | models.TextField)
    if not is_text or field.choices or isinstance(field, models.EmailField):
        return False
    return not isinstance(field, LineField | ParagraphsField)


def test_every_text_that_the_api_keeps_is_one_of_ours() -> None:
    import_all_views()
    plain, cleaned = set(), set()
    for shape in subclasses(Shape):
        for name, field in shape().fields.items():
            if isinstance(field, Line):
                cleaned.add(f"{shape.__name__}.{name}")
            elif isinstance(field, Text):
                plain.add(f"{shape.__name__}.{name}")
    assert sorted(plain - NOT_KEPT) == []
    assert {"EventIn.name", "EventPatch.venue", "OrganiserIn.name", "Profile.name"} <= cleaned
    assert {"BroadcastIn.subject", "BroadcastIn.body", "EventIn.description"} <= cleaned


def test_every_text_of_a_form_is_one_of_ours() -> None:
    import_all_views()
    plain, cleaned = set(), set()
    for form in subclasses(forms.BaseForm):
        if not form.__module__.startswith(OURS):
            continue
        for name, field in form.base_fields.items():
            if isinstance(field, LineInput):
                cleaned.add(f"{form.__name__}.{name}")
            elif type(field) is forms.CharField:
                plain.add(f"{form.__name__}.{name}")
    assert sorted(plain - NOT_KEPT) == []
    assert {"NameForm.name", "BroadcastStep.body", "RemoveStep.reason"} <= cleaned
    for form_name in ("EventForm", "PersonForm"):
        assert any(name.startswith(form_name) and name.endswith(".name") for name in cleaned)


def import_all_views() -> None:
    """Forms and shapes are known once the addresses are."""
    assert get_resolver().url_patterns
    admin.autodiscover()


def subclasses(kind: Any) -> Iterator[Any]:
    for sub in kind.__subclasses__():
        yield sub
        yield from subclasses(sub)
