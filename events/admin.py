"""Organisers, their members and events in the admin. Events are written by the services alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from evently.accounts.admin_site import (
    TeamAdmin,
    ask_first,
    call_for_each,
    confirmed,
    person,
    team_roles,
)
from evently.accounts.models import User
from evently.errors import Invalid, Refusal
from events import services
from events.errors import CapacityBelowTaken, StaleEvent
from events.inventory import count_claims
from events.models import EDITORS, Event, Membership, Organiser, Role
from events.validators import known_currencies, known_timezones

if TYPE_CHECKING:
    EventModelForm = forms.ModelForm[Event]
    MemberModelForm = forms.ModelForm[Membership]
    MemberBaseFormSet = forms.BaseInlineFormSet[Membership, Organiser, MemberModelForm]
    MemberInline = admin.TabularInline[Membership, Organiser]
else:
    EventModelForm = MemberModelForm = forms.ModelForm
    MemberBaseFormSet = forms.BaseInlineFormSet
    MemberInline = admin.TabularInline

CLOSED = (Event.Status.CANCELLED, Event.Status.COMPLETED)
DETAILS = (
    "name",
    "description",
    "venue",
    "timezone",
    "starts_at",
    "ends_at",
    "capacity",
    "max_per_booking",
    "repeat_bookings_allowed",
    "price",
    "currency",
)
STALE = _(
    "Somebody else changed this event while you worked on it. Nothing was saved, and your entries "
    "are still here. Where they differ, the field says what is stored now. Save again to write "
    "yours."
)


class EventForm(EventModelForm):
    """An event as a person edits it: times are told in the event's own zone."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    timezone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [(name, name) for name in sorted(known_timezones())]
    )
    currency = forms.ChoiceField(
        label=_("Currency"), choices=lambda: [(code, code) for code in sorted(known_currencies())]
    )
    publish = forms.BooleanField(label=_("Put on sale when saving"), required=False)

    # Why a service did not take these entries, when the form is shown again.
    refusal: ClassVar[Refusal | None] = None

    class Meta:
        model = Event
        fields = ("organiser", *DETAILS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version
        for name in ("starts_at", "ends_at"):
            instant = getattr(self.instance, name)
            if instant:
                local = instant.astimezone(ZoneInfo(self.instance.timezone))
                self.initial[name] = local.replace(tzinfo=None)

    def full_clean(self) -> None:
        """Read the times as those of the zone that was chosen."""
        name = self.data.get(self.add_prefix("timezone"), "")
        with timezone.override(ZoneInfo(name if name in known_timezones() else "UTC")):
            super().full_clean()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal:
            self._explain(self.refusal)
        return cleaned

    def details(self) -> dict[str, Any]:
        """The values for the service; the organiser is none of them."""
        cleaned = self.cleaned_data
        values = {name: cleaned[name] for name in DETAILS}
        return values | ({"status": Event.Status.PUBLISHED} if cleaned["publish"] else {})

    def _explain(self, refusal: Refusal) -> None:
        if isinstance(refusal, StaleEvent):
            self._explain_stale(refusal)
        elif isinstance(refusal, Invalid):
            for field, texts in refusal.errors.items():
                self.add_error(field if field in self.fields else None, texts)
        else:
            capacity = isinstance(refusal, CapacityBelowTaken)
            self.add_error("capacity" if capacity else None, str(refusal))

    def _explain_stale(self, refusal: Refusal) -> None:
        """Say what is stored now, and let the next attempt count as having seen it."""
        self.add_error(None, str(STALE))
        for field in set(self.changed_data) & set(DETAILS):
            stored = self.get_initial_for_field(self.fields[field], field)
            self.add_error(field, _now("Stored now: %(value)s") % {"value": stored})
        seen = {self.add_prefix("seen_version"): str(refusal.facts["current_version"])}
        self.data = {**{name: self.data[name] for name in self.data}, **seen}


class EventChangeList(ChangeList):
    """A page of events with their claims on seats: one query for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        events: list[Any] = list(self.result_list)
        claims = count_claims(event.pk for event in events)
        for event in events:
            event.claims = claims[event.pk]
        self.result_list = events


@admin.register(Event)
class EventAdmin(TeamAdmin[Event]):
    organiser_path = "organiser"
    change_roles = EDITORS
    form = EventForm
    actions = ("publish", "cancel")
    list_display = (
        "name",
        "organiser",
        "starts",
        "status",
        "capacity",
        "available_seats",
        "confirmed",
        "held",
        "offered",
    )
    list_filter = ("status", ("organiser", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("organiser",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "venue", "organiser__name")
    readonly_fields = ("status", "seats")

    def organiser_id(self, obj: Event) -> UUID:
        return obj.organiser_id

    # --- What is shown ---------------------------------------------------------------------------

    @admin.display(description=_("starts"), ordering="starts_at")
    def starts(self, event: Event) -> str:
        local = event.starts_at.astimezone(ZoneInfo(event.timezone))
        return f"{local:%Y-%m-%d %H:%M} {event.timezone}"

    @admin.display(description=_("confirmed"))
    def confirmed(self, event: Any) -> int:
        return int(event.claims["confirmed"])

    @admin.display(description=_("held"))
    def held(self, event: Any) -> int:
        return int(event.claims["held"])

    @admin.display(description=_("offered"))
    def offered(self, event: Any) -> int:
        return int(event.claims["offered"])

    @admin.display(description=_("seats"))
    def seats(self, event: Event) -> str:
        return _equation(event, count_claims([event.pk])[event.pk])

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventChangeList

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """What a person may do with this event decides what stands in its form."""
        may_change = self.has_change_permission(request, obj)
        draft = obj is None or obj.status == Event.Status.DRAFT
        sale = ["price", "currency", *(["publish"] if may_change and draft else ["status"])]
        seats = ["capacity", "max_per_booking", "repeat_bookings_allowed"]
        if obj:
            seats += ["seats", *(["seen_version"] if may_change else [])]
        local = _("Times are those of the event's own time zone.")
        return (
            (None, {"fields": ("organiser", "name", "description", "venue")}),
            (_("When"), {"fields": ("timezone", "starts_at", "ends_at"), "description": local}),
            (_("Seats"), {"fields": seats}),
            (_("Sale"), {"fields": sale}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """An event stays with its organiser."""
        return (*self.readonly_fields, *(("organiser",) if obj else ()))

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Members have a few organisers to choose from, staff have all."""
        return ("organiser",) if person(request).is_staff else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = own = _editable_organisers(request)
        if not person(request).is_staff and len(own) == 1:
            kwargs["initial"] = own[0].pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- What is done ----------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Cancelled and completed events are only looked at."""
        closed = obj is not None and obj.status in CLOSED
        return super().has_change_permission(request, obj) and not closed

    def get_form(
        self, request: HttpRequest, obj: Event | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)  # type: ignore[attr-defined]
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's own view without its transaction, which the service opens.

        What the service refuses is shown in the form, beside what was entered.
        """
        try:
            return self._changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return self._changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        if change:
            services.edit_event(
                event_id=obj.pk,
                by=person(request),
                changes=form.details(),
                expected_version=form.cleaned_data["seen_version"] or 0,
                now=timezone.now(),
            )
            return
        created = services.create_event(
            organiser_id=obj.organiser_id,
            by=person(request),
            details=form.details(),
            now=timezone.now(),
        )
        obj.pk = created.pk

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, events: QuerySet[Event]) -> None:
        def call(event: Event) -> Event:
            return services.publish_event(event_id=event.pk, by=person(request), now=timezone.now())

        call_for_each(self, request, events, call, done=_now("Published"))

    @admin.action(description=_("Cancel, with all bookings"), permissions=["change"])
    def cancel(self, request: HttpRequest, events: QuerySet[Event]) -> HttpResponseBase | None:
        def call(event: Event) -> Event:
            return services.cancel_event(event_id=event.pk, by=person(request), now=timezone.now())

        if not confirmed(request):
            question = _now("Cancel these events and all of their bookings for good?")
            return ask_first(self, request, events, action="cancel", question=question)
        call_for_each(self, request, events, call, done=_now("Cancelled"))
        return None

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Events are deleted one by one, each by the service."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Only the event: whether something refers to it, the service finds out."""
        return [str(event) for event in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own view without its transaction, which the service opens."""
        try:
            return self._delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:events_event_change", args=[object_id]))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        """Called before the deletion, which may be refused: `delete_model` keeps the record."""
        return []

    def delete_model(self, request: HttpRequest, obj: Event) -> None:
        services.delete_event(event_id=obj.pk, by=person(request))
        deleted: Any = [obj]
        super().log_deletions(request, deleted)


class MemberForm(MemberModelForm):
    """A member is added by the address of their account: nobody browses other people."""

    email = forms.EmailField(label=_("E-mail address of their account"))

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.user_id:
            self.initial["email"] = self.instance.user.email
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if not self.instance.user_id:
            user = User.objects.filter(email=email, is_active=True).first()
            if user is None:
                raise forms.ValidationError(
                    _("There is no account with this address. Ask them to sign up first.")
                )
            self.instance.user = user
        return email


class MemberFormSet(MemberBaseFormSet):
    """The whole team, which keeps an owner and has everybody once."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        if not any(member["role"] == Role.OWNER for member in kept):
            raise forms.ValidationError(_("A team needs at least one owner."))
        if len({member["email"] for member in kept}) < len(kept):
            raise forms.ValidationError(_("Somebody is listed twice; give everybody one role."))


class TeamInline(MemberInline):
    model = Membership
    form = MemberForm
    formset = MemberFormSet
    extra = 1

    def get_fields(self, request: HttpRequest, obj: Organiser | None = None) -> Any:
        return ("email", "role") if self._may_change(request, obj) else ("user", "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user").order_by("user__email")

    def has_view_permission(self, request: HttpRequest, obj: Organiser | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Organiser | None = None) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Organiser | None = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Organiser | None = None) -> bool:
        return self._may_change(request, obj)

    def _may_change(self, request: HttpRequest, obj: Organiser | None) -> bool:
        return self.admin_site.get_model_admin(Organiser).has_change_permission(request, obj)


@admin.register(Organiser)
class OrganiserAdmin(TeamAdmin[Organiser]):
    """Owners look after their team, everybody in it sees who it is."""

    organiser_path = "pk"
    change_roles = (Role.OWNER,)
    fields = ("name",)
    list_display = ("name", "created_at")
    search_fields = ("name",)
    show_full_result_count = False

    def organiser_id(self, obj: Organiser) -> UUID:
        return obj.pk

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever founds a team owns it."""
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Organiser | None = None) -> bool:
        return person(request).is_staff

    def get_inlines(self, request: HttpRequest, obj: Organiser | None) -> Any:
        """A team is founded first, with its founder; then others join."""
        return [TeamInline] if obj else []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The service that founds a team opens the transaction; Django does for the others."""
        if object_id is None:
            return self._changeform_view(request, object_id, form_url, extra_context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Organiser, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            obj.pk = services.create_organiser(name=obj.name, by=person(request)).pk


def _editable_organisers(request: HttpRequest) -> QuerySet[Organiser]:
    if person(request).is_staff:
        return Organiser.objects.all()
    own = [pk for pk, role in team_roles(request).items() if role in EDITORS]
    return Organiser.objects.filter(pk__in=own)


def _equation(event: Event, claims: Mapping[str, int]) -> str:
    """The inventory equation of one event in words."""
    parts = {
        _now("available"): event.available_seats,
        _now("confirmed"): claims["confirmed"],
        _now("held"): claims["held"],
        _now("offered"): claims["offered"],
    }
    total = sum(parts.values())
    told = " + ".join(f"{seats} {what}" for what, seats in parts.items())
    if total == event.capacity:
        return _now("%(told)s = %(total)d, the capacity.") % {"told": told, "total": total}
    return _now(
        "%(told)s = %(total)d, but the capacity is %(capacity)d. Tell Evently's staff at once."
    ) % {"told": told, "total": total, "capacity": event.capacity}
