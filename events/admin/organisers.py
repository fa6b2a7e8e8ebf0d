"""Organisers and the members of their teams."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from evently.accounts.models import User
from evently.accounts.queries import match_people
from evently.history.models import Change
from evently.history.queries import list_changes
from evently.search import FoundByWords
from evently.site.columns import dated
from evently.site.pages import person
from events import services
from events.admin.forms import ServiceForm
from events.admin.team import TeamAdmin, rights
from events.models import Event, Membership, Organiser
from events.queries import list_pending_invitations, list_team, match_organisers
from events.roles import Capability, Role


class OrganiserForm(ServiceForm[Organiser]):
    class Meta:
        model = Organiser
        fields = ("name",)


@admin.register(Organiser)
class OrganiserAdmin(FoundByWords, TeamAdmin[Organiser]):
    """Owners look after their team; who may see addresses sees who is in it."""

    changing = Capability.MANAGE_TEAM
    form = OrganiserForm
    fields = ("name",)
    change_form_outer_after_template = "admin/events/organiser/team.html"
    list_display = ("name", "created")
    created = dated("created_at", _("created at"))
    search_fields = ("name",)

    def scope(self, rows: QuerySet[Organiser], user: User) -> QuerySet[Organiser]:
        return rows.filter(pk__in=Organiser.objects.of(user)) if not user.is_staff else rows

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginnings of words of a name."""
        return Q(pk__in=match_organisers(text))

    def allows(self, request: HttpRequest, capability: Capability, obj: Organiser) -> bool:
        if capability is Capability.SEE_BOOKINGS:
            return rights(request).belongs_to(obj.pk)
        return rights(request).may_in_team(capability, obj.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever founds a team owns it."""
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Organiser | None = None) -> bool:
        return False

    def history(self, obj: Organiser) -> QuerySet[Change]:
        return list_changes(organiser_ids=[obj.pk])

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        organiser = kwargs.get("obj")
        if organiser and rights(request).may_in_team(Capability.SEE_CONTACTS, organiser.pk):
            context["team"] = list_team(organiser_id=organiser.pk)
            context["invitations"] = list_pending_invitations(organiser_id=organiser.pk)
            context["now"] = timezone.now()
            context["may_manage"] = self.has_change_permission(request, organiser)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Organiser, form: Any, change: bool) -> None:
        if change:
            services.rename_organiser(organiser_id=obj.pk, name=obj.name, by=person(request))
        else:
            obj.pk = services.create_organiser(name=obj.name, by=person(request)).pk


class MemberForm(ServiceForm[Membership]):
    """A role of somebody who is in the team; people come in by an invitation."""

    class Meta:
        model = Membership
        fields = ("organiser", "role", "only_event")


@admin.register(Membership)
class MembershipAdmin(FoundByWords, TeamAdmin[Membership]):
    """One member of a team; reached from the organiser's page."""

    changing = Capability.MANAGE_TEAM
    form = MemberForm
    list_display = ("member", "organiser", "role", "only_event")
    list_select_related = ("user", "organiser", "only_event")
    search_fields = ("user__email",)
    search_help_text = _("Name or e-mail address")
    autocomplete_fields = ("only_event",)

    def scope(self, rows: QuerySet[Membership], user: User) -> QuerySet[Membership]:
        own = Organiser.objects.of(user, Capability.SEE_CONTACTS)
        return rows.filter(organiser__in=own) if not user.is_staff else rows

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginnings of words of a name or an address."""
        return Q(user__in=match_people(text))

    def allows(self, request: HttpRequest, capability: Capability, obj: Membership) -> bool:
        if capability is Capability.SEE_BOOKINGS:
            capability = Capability.SEE_CONTACTS
        return rights(request).may_in_team(capability, obj.organiser_id)

    @display(description=_("member"), ordering="user__email")
    def member(self, membership: Membership) -> str:
        return membership.user.email

    fields = ("organiser", "member", "role", "only_event")
    # Somebody stays in their team; another person is another member.
    readonly_fields = ("organiser", "member")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "only_event":
            # The field shows the name of the event that was chosen: never another team's.
            kwargs["queryset"] = Event.objects.of_team(person(request), self.changing)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody is put into a team: see `events.admin.invitations`."""
        return False

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        services.change_member(member_id=obj.pk, by=person(request), **place_in(form))

    def remove(self, request: HttpRequest, obj: Membership) -> None:
        services.remove_member(member_id=obj.pk, by=person(request))

    def response_change(self, request: HttpRequest, obj: Membership) -> HttpResponse:
        super().response_change(request, obj)
        return to_team(obj.organiser_id)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        """The row is gone, and with it the way to its organiser: to the list of teams."""
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(reverse("admin:events_organiser_changelist"))


def place_in(form: Any) -> dict[str, Any]:
    """The role that was chosen, and the only event that it is for."""
    event = form.cleaned_data.get("only_event")
    return {
        "role": Role(form.cleaned_data["role"]),
        "only_event_id": event.pk if event else None,
    }


def to_team(organiser_id: UUID) -> HttpResponse:
    """Back to the page with the whole team."""
    return HttpResponseRedirect(reverse("admin:events_organiser_change", args=[organiser_id]))
