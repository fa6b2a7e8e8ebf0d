"""The list of bookings and the page of one; its columns are those that a role may see."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Q, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter
from unfold.decorators import display

from bookings.admin.cancelling import show_progress
from bookings.admin.payments import PaymentStep
from bookings.exporting import csv_chunks, xlsx_chunks
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.services.payments import mark_refunded, note_payment
from evently.accounts.models import User
from evently.accounts.queries import match_people
from evently.admin.steps import ask_first, call_for_each, confirmed, step_urls
from evently.history.queries import list_changes
from evently.search import FoundByWords
from evently.site.pages import person
from evently.site.templatetags.show import brief, money
from events.admin.team import TeamAdmin, rights
from events.models import Event
from events.roles import Capability

RECEIVED = "amount_received"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Columns and fields that not every role may see.
RESTRICTED = {
    "email": Capability.SEE_CONTACTS,
    "price": Capability.SEE_MONEY,
    "unit_price": Capability.SEE_MONEY,
    "received": Capability.SEE_MONEY,
    "refund": Capability.SEE_MONEY,
    "refund_state": Capability.SEE_MONEY,
}


class OwnEventFilter(AutocompleteSelectFilter):
    """Shows the name of the chosen event: never another team's, whatever the address says."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            field = choice["form"].fields[self.lookup_kwarg]
            field.queryset = Event.objects.of_team(person(self.request))
            yield choice


@admin.register(Booking)
class BookingAdmin(FoundByWords, TeamAdmin[Booking]):
    changing = Capability.CANCEL_BOOKINGS
    actions = ("cancel", "paid", "refunded")
    list_before_template = "admin/bookings/booking/exports.html"
    change_form_outer_before_template = "admin/bookings/booking/steps.html"
    list_display = (
        "reference",
        "who",
        "event",
        "quantity",
        "price",
        "state",
        "received",
        "refund_state",
        "made",
    )
    list_filter = (
        ("event", OwnEventFilter),
        "status",
        "refund",
        ("created_at", RangeDateFilter),
    )
    list_filter_submit = True
    list_select_related = ("event", "user")
    search_fields = ("reference",)
    search_help_text = _("Name, e-mail address or reference")
    fields = (
        "reference",
        "event",
        "name",
        "email",
        "quantity",
        "unit_price",
        "price",
        "status",
        "received",
        "refund_state",
        "booked",
        "cancelled",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        """Without the long columns of what is joined, which no screen shows."""
        rows = super().get_queryset(request)
        return rows.defer("event__words", "event__description", "user__password")

    def scope(self, rows: QuerySet[Booking], user: User) -> QuerySet[Booking]:
        return rows if user.is_staff else rows.filter(event__in=Event.objects.of_team(user))

    def allows(self, request: HttpRequest, capability: Capability, obj: Booking) -> bool:
        return rights(request).may(capability, obj.event)

    # --- What is shown ---------------------------------------------------------------------------

    @display(description=_("booked by"), ordering="user__name", header=True)
    def who(self, booking: Booking) -> tuple[str, str]:
        return booking.user.name, booking.user.email

    @display(description=_("booked by"), ordering="user__name")
    def name(self, booking: Booking) -> str:
        return str(booking.user.name)

    @display(description=_("e-mail address"), ordering="user__email")
    def email(self, booking: Booking) -> str:
        return str(booking.user.email)

    @display(description=_("total"))
    def price(self, booking: Booking) -> str:
        return money(booking.total, booking.currency)

    @display(
        description=_("status"),
        ordering="status",
        label={"confirmed": "success", "cancelled": "danger"},
    )
    def state(self, booking: Booking) -> tuple[str, str]:
        return booking.status, booking.get_status_display()

    @display(description=_("payment received"), ordering="amount_received")
    def received(self, booking: Booking) -> str:
        received = booking.amount_received
        return money(received, booking.currency) if received else "–"

    @display(description=_("refund"), ordering="refund")
    def refund_state(self, booking: Booking) -> str:
        return "–" if booking.refund == Booking.Refund.NONE else booking.get_refund_display()

    @display(description=_("booked at"), ordering="created_at")
    def made(self, booking: Booking) -> str:
        return brief(booking.created_at, booking.event.timezone)

    @display(description=_("booked at"))
    def booked(self, booking: Booking) -> str:
        return brief(booking.created_at, booking.event.timezone)

    @display(description=_("cancelled at"))
    def cancelled(self, booking: Booking) -> str:
        return brief(booking.cancelled_at, booking.event.timezone)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Who may not see addresses sees the names alone."""
        columns = [name for name in self.list_display if self._may_see(request, name)]
        may_see_contacts = self._may_see(request, "email")
        return ["name" if name == "who" and not may_see_contacts else name for name in columns]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [entry for entry in self.list_filter if self._may_see(request, entry)]

    def get_fields(self, request: HttpRequest, obj: Booking | None = None) -> Any:
        return [name for name in self.fields if self._may_see(request, name, obj)]

    def _may_see(self, request: HttpRequest, entry: Any, obj: Booking | None = None) -> bool:
        """Whether a column is for this person; in a list for all of the rows or for none."""
        capability = RESTRICTED.get(entry)
        if capability is None or rights(request).is_staff:
            return True
        if obj is not None:
            return self.may(request, capability, obj)
        return all(post.allows(capability) for post in rights(request).posts)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Nobody filters by what they may not see: the answer would tell it."""
        asked = lookup.partition("__")[0]
        return self._may_see(request, asked) and super().lookup_allowed(lookup, value, request)

    # --- Searching: 200 000 bookings in a blink --------------------------------------------------

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginning of a reference, or the beginnings of words of a name or an address.

        Of a name alone for those who may not see addresses: who can ask can find out.
        """
        by_name = not self._may_see(request, "email")
        people = Q(user__in=match_people(text, by_name=by_name))
        reference = Q(reference__startswith=text.strip().upper())
        return people | reference

    # --- Exports and progress --------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            *step_urls(self, PaymentStep),
            path(
                "export.<str:form>",
                view(self.export_view),
                name="bookings_booking_export",
            ),
            path(
                "cancelling/<id:event_id>/",
                view(self.progress_view),
                name="bookings_booking_cancelling",
            ),
        ]
        return [*own, *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The bookings that the list shows with the same filters, as a file of one row each."""
        writer = {"csv": _csv, "xlsx": _xlsx}.get(form)
        if writer is None or not self.may(request, Capability.HANDLE_MONEY):
            raise PermissionDenied
        listed = self._listed(request)
        if not rights(request).is_staff:
            own = Event.objects.of_team(person(request), Capability.HANDLE_MONEY)
            listed = listed.filter(event__in=own)
        return writer(listed)

    def _listed(self, request: HttpRequest) -> QuerySet[Booking]:
        try:
            listed: QuerySet[Booking] = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise BadRequest("The filters of this export make no sense.") from error
        return listed

    def progress_view(self, request: HttpRequest, event_id: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return show_progress(request, event_id, context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_export": self.may(request, Capability.HANDLE_MONEY)}
        return super().changelist_view(request, context | (extra_context or {}))

    # --- What is done ----------------------------------------------------------------------------

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Booking | None = None,
    ) -> Any:
        """With the way to the payment, and who noted the last one."""
        if obj and self._may_see(request, "received", obj):
            context["noted"] = list_changes(subject_id=obj.pk).filter(field=RECEIVED).first()
            context["zone"] = obj.event.timezone
            can_step = self.has_step_permission(request, obj)
            context["can_note"] = can_step and PaymentStep(obj, person(request)).is_possible()
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_step_permission(self, request: HttpRequest, obj: Booking) -> bool:
        return self.may(request, Capability.HANDLE_MONEY, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Booking | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Booking | None = None) -> bool:
        return False

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whether the action is shown; the service looks at each booking."""
        return self.may(request, Capability.CANCEL_BOOKINGS)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Capability.HANDLE_MONEY)

    @admin.action(description=_("Cancel, and give the seats back"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, bookings: QuerySet[Booking]) -> HttpResponseBase | None:
        def call(booking: Booking) -> Booking:
            return cancel_booking(
                reference=booking.reference, by=person(request), now=timezone.now()
            )

        if not confirmed(request):
            question = _now("Cancel these bookings for good?")
            return ask_first(self, request, bookings, action="cancel", question=question)
        call_for_each(self, request, bookings, call, done=pgettext("booking", "Cancelled"))
        return None

    @admin.action(description=_("Note that the whole price was paid"), permissions=["refund"])
    def paid(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        def call(booking: Booking) -> Booking:
            return note_payment(
                booking_id=booking.pk,
                amount=booking.total,
                by=person(request),
                now=timezone.now(),
            )

        call_for_each(self, request, bookings, call, done=_now("Payment noted"))

    @admin.action(description=_("Note that the refund was paid"), permissions=["refund"])
    def refunded(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        due = bookings.filter(refund=Booking.Refund.DUE).values_list("pk", flat=True)
        noted = mark_refunded(booking_ids=list(due), by=person(request))
        told = _now("Refund noted: %(noted)d of %(chosen)d.") % {
            "noted": noted,
            "chosen": bookings.count(),
        }
        self.message_user(request, told, messages.SUCCESS if noted else messages.WARNING)


def _csv(bookings: QuerySet[Booking]) -> HttpResponseBase:
    """Rows go out while they are read: the first at once, the process keeps none."""
    answer = StreamingHttpResponse(csv_chunks(bookings), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{_now("bookings")}.csv"'
    return answer


def _xlsx(bookings: QuerySet[Booking]) -> HttpResponseBase:
    answer = StreamingHttpResponse(xlsx_chunks(bookings), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{_now("bookings")}.xlsx"'
    return answer
