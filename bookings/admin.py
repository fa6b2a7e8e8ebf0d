"""Bookings in the admin: looked at, cancelled and marked as refunded, never typed over."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.services.refunding import mark_refunded
from evently.accounts.admin_site import TeamAdmin, ask_first, call_for_each, confirmed, person
from events.models import EDITORS


@admin.register(Booking)
class BookingAdmin(TeamAdmin[Booking]):
    organiser_path = "event__organiser"
    change_roles = EDITORS
    actions = ("cancel", "refunded")
    list_display = (
        "reference",
        "event",
        "user",
        "email",
        "quantity",
        "price",
        "status",
        "refund",
        "created_at",
    )
    list_filter = ("status", "refund", "created_at")
    list_select_related = ("event", "user")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("reference", "user__name", "user__email", "event__name")
    search_help_text = _("Name, e-mail address, reference or event")
    fields = (
        "reference",
        "event",
        "user",
        "email",
        "quantity",
        "unit_price",
        "price",
        "status",
        "refund",
        "created_at",
        "cancelled_at",
    )

    def organiser_id(self, obj: Booking) -> UUID:
        return obj.event.organiser_id

    @admin.display(description=_("e-mail address"), ordering="user__email")
    def email(self, booking: Booking) -> str:
        return booking.user.email

    @admin.display(description=_("total"))
    def price(self, booking: Booking) -> str:
        return f"{booking.total} {booking.currency}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Booking | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Booking | None = None) -> bool:
        return False

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whether the actions are shown; the services look at each booking."""
        return self.may(request, None, self.change_roles)

    @admin.action(description=_("Cancel, and give the seats back"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, bookings: QuerySet[Booking]) -> HttpResponseBase | None:
        def call(booking: Booking) -> Booking:
            return cancel_booking(
                reference=booking.reference, by=person(request), now=timezone.now()
            )

        if not confirmed(request):
            question = _now("Cancel these bookings for good?")
            return ask_first(self, request, bookings, action="cancel", question=question)
        call_for_each(self, request, bookings, call, done=_now("Cancelled"))
        return None

    @admin.action(description=_("Note that the refund was paid"), permissions=["cancel"])
    def refunded(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        due = list(bookings.filter(refund=Booking.Refund.DUE))
        noted = mark_refunded(booking_ids=[booking.pk for booking in due], by=person(request))
        told: Any = _now("Refund noted: %(noted)d of %(chosen)d.") % {
            "noted": noted,
            "chosen": bookings.count(),
        }
        level = messages.SUCCESS if noted else messages.WARNING
        self.message_user(request, told, level)
        for booking in Booking.objects.filter(
            pk__in=[booking.pk for booking in due], refund=Booking.Refund.DONE
        ):
            self.log_change(request, booking, _now("Refund noted"))
