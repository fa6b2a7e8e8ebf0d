"""Invitations into a team: who was invited, how it stands, and what can be done about it."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from evently.accounts.models import User
from evently.admin.steps import Step, step_urls
from evently.site.pages import person
from events import services
from events.admin.forms import ServiceForm
from events.admin.organisers import place_in, to_team
from events.admin.team import TeamAdmin, rights
from events.errors import InvitationClosed
from events.models import Event, Invitation, Organiser
from events.roles import Capability


class InvitationStep(Step[Invitation]):
    """A step with an invitation, which leads back to its team."""

    home = "admin:events_invitation_change"
    impossible = InvitationClosed.title

    def is_possible(self) -> bool:
        open_states = {Invitation.State.PENDING, Invitation.State.EXPIRED}
        return self.row.state(timezone.now()) in open_states

    def back_address(self) -> str:
        return reverse("admin:events_organiser_change", args=[self.row.organiser_id])


class ResendStep(InvitationStep):
    name = "resend"
    label = _("Send again…")
    title = _("Send this invitation again?")
    button = _("Send it")

    def advice(self) -> list[str]:
        return [_now("The new link works for seven days. The link in the earlier mail does not.")]

    def take(self, now: datetime) -> str:
        services.resend_invitation(invitation_id=self.row.pk, by=self.by, now=now)
        return _now("A mail is on its way to %(email)s.") % {"email": self.row.email}


class WithdrawStep(InvitationStep):
    name = "withdraw"
    label = _("Withdraw…")
    title = _("Withdraw this invitation?")
    button = _("Withdraw it")
    grave = True

    def advice(self) -> list[str]:
        return [_now("The link in the mail stops working at once. Nobody is told.")]

    def take(self, now: datetime) -> str:
        services.withdraw_invitation(invitation_id=self.row.pk, by=self.by, now=now)
        return _now("%(email)s is not invited any more.") % {"email": self.row.email}


class InvitationForm(ServiceForm[Invitation]):
    class Meta:
        model = Invitation
        fields = ("organiser", "email", "role", "only_event")


@admin.register(Invitation)
class InvitationAdmin(TeamAdmin[Invitation]):
    """Owners invite; who sees addresses sees who is invited, and whether they have answered."""

    changing = Capability.MANAGE_TEAM
    form = InvitationForm
    list_display = ("email", "organiser", "role", "only_event", "shown_state", "sent_at")
    list_select_related = ("organiser", "only_event")
    search_fields = ("email",)
    autocomplete_fields = ("only_event",)
    fields = ("organiser", "email", "role", "only_event")
    change_form_outer_before_template = "admin/events/invitation/steps.html"
    steps: ClassVar[list[type[InvitationStep]]] = [ResendStep, WithdrawStep]

    def scope(self, rows: QuerySet[Invitation], user: User) -> QuerySet[Invitation]:
        own = Organiser.objects.of(user, Capability.SEE_CONTACTS)
        return rows.filter(organiser__in=own) if not user.is_staff else rows

    def allows(self, request: HttpRequest, capability: Capability, obj: Invitation) -> bool:
        if capability is Capability.SEE_BOOKINGS:
            capability = Capability.SEE_CONTACTS
        return rights(request).may_in_team(capability, obj.organiser_id)

    @display(description=_("state"))
    def shown_state(self, invitation: Invitation) -> str:
        return str(invitation.state(timezone.now()).label)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        more = ("shown_state", "invited_by", "sent_at", "expires_at") if obj else ()
        return (*self.fields, *more)

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """What was mailed stands: another role is another invitation."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [*step_urls(self, *self.steps), *super().get_urls()]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "organiser":
            kwargs["queryset"] = Organiser.objects.of(person(request), self.changing)
        if db_field.name == "only_event":
            # The field shows the name of the event that was chosen: never another team's.
            kwargs["queryset"] = Event.objects.of_team(person(request), self.changing)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        invitation = kwargs.get("obj")
        if invitation and self.has_step_permission(request, invitation):
            context["steps"] = self._possible_steps(request, invitation)
        return super().render_change_form(request, context, *args, **kwargs)

    def _possible_steps(self, request: HttpRequest, row: Invitation) -> list[dict[str, Any]]:
        return [
            {
                "label": step.label,
                "grave": step.grave,
                "address": reverse(f"admin:events_invitation_{step.name}", args=[row.pk]),
            }
            for step in self.steps
            if step(row, person(request)).is_possible()
        ]

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        invitation = services.invite_member(
            organiser_id=obj.organiser_id,
            email=form.cleaned_data["email"],
            by=person(request),
            now=timezone.now(),
            **place_in(form),
        )
        obj.pk, obj.email = invitation.pk, invitation.email

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        sent = _now("A mail is on its way to %(email)s. Its link works for seven days.")
        self.message_user(request, sent % {"email": obj.email})
        return to_team(obj.organiser_id)
