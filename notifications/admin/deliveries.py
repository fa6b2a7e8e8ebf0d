"""How mails are doing, for Evently's staff: what failed is sent again, and how mails look."""

import base64
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from evently.accounts.queries import match_people
from evently.admin.look import is_staff
from evently.admin.steps import call_for_each
from evently.search import FoundByWords
from evently.site.templatetags.show import brief
from notifications.delivery import send_again
from notifications.models import Attempt, Delivery, Kind, Suppression
from notifications.rendering import Mail, write
from notifications.samples import sample_letter
from notifications.wording import MAILED

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AttemptRows = admin.TabularInline[Attempt, Delivery]
else:
    AnyModelAdmin = ModelAdmin
    AttemptRows = TabularInline


class StaffLooks(AnyModelAdmin):
    """Rows that Evently's staff look at, and nobody types over."""

    show_full_result_count = False
    list_per_page = 50
    list_filter_sheet = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_step_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)


class Attempts(AttemptRows):
    """Every try to bring the mail, and what came of it."""

    model = Attempt
    extra = 0
    fields = ("number", "at", "provider", "outcome", "detail")
    readonly_fields = fields
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(FoundByWords, StaffLooks):
    actions = ("again",)
    inlines = (Attempts,)
    list_before_template = "admin/notifications/delivery/ways.html"
    list_display = ("told", "who", "state", "attempts", "provider", "due", "sent")
    list_filter = ("status", "notice__kind", "provider")
    list_select_related = ("notice__user", "notice__event")
    search_fields = ("notice__user__email",)
    search_help_text = _("Name or e-mail address")
    fields = ("told", "who", "status", "attempts", "provider", "due", "sent", "last_error")
    readonly_fields = fields

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginnings of words of a name or an address."""
        return Q(notice__user__in=match_people(text))

    @display(description=_("notice"))
    def told(self, delivery: Delivery) -> str:
        event = delivery.notice.event
        return f"{delivery.notice} · {event}" if event else str(delivery.notice)

    @display(description=_("person"), header=True)
    def who(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.notice.user.name, delivery.notice.user.email

    @display(
        description=_("status"),
        ordering="status",
        label={
            "due": "info",
            "sending": "info",
            "sent": "success",
            "delivered": "success",
            "unconfirmed": "warning",
            "failed": "danger",
            "suppressed": "",
        },
    )
    def state(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.status, delivery.get_status_display()

    @display(description=_("due at"), ordering="due_at")
    def due(self, delivery: Delivery) -> str:
        return brief(delivery.due_at, "UTC")

    @display(description=_("sent at"), ordering="sent_at")
    def sent(self, delivery: Delivery) -> str:
        return brief(delivery.sent_at, "UTC")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description=_("Send again"), permissions=["view"])
    def again(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        def call(delivery: Delivery) -> None:
            send_again(delivery_id=delivery.pk, now=timezone.now())

        call_for_each(self, request, deliveries, call, done=_now("To be sent again"))

    # --- How mails look --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("previews/", view(self.previews_view), name="notifications_delivery_previews"),
            path(
                "previews/<slug:kind>/<slug:language>.<slug:form>",
                view(self.preview_view),
                name="notifications_delivery_preview",
            ),
        ]
        return [*own, *super().get_urls()]

    def previews_view(self, request: HttpRequest) -> HttpResponse:
        """Every mail in every language, made of things that do not exist."""
        _require_staff(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _now("How mails look"),
            "opts": self.opts,
            "mails": [
                (kind, with_pictures(write(sample_letter(kind, get_language() or "en"))))
                for kind in MAILED
            ],
        }
        return TemplateResponse(request, "admin/notifications/delivery/previews.html", context)

    def preview_view(
        self, request: HttpRequest, kind: str, language: str, form: str
    ) -> HttpResponse:
        """One mail as a document of its own: what a mail program gets."""
        _require_staff(request)
        if kind not in MAILED or form not in {"html", "txt"}:
            raise Http404
        mail = write(sample_letter(Kind(kind), language))
        if form == "txt":
            content = f"{mail.subject}\n\n{mail.text}"
            return HttpResponse(content, content_type="text/plain; charset=utf-8")
        return HttpResponse(with_pictures(mail))


@admin.register(Suppression)
class SuppressionAdmin(StaffLooks):
    """Addresses that get no mail any more; whoever looks after mails may lift that."""

    list_display = ("email", "reason", "at")
    list_filter = ("reason",)
    search_fields = ("email",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)


def with_pictures(mail: Mail) -> str:
    """The mail's HTML with its pictures in it, for those who have no attachments: browsers."""
    html = mail.html
    for file in mail.attachments:
        data = base64.b64encode(file.content).decode()
        html = html.replace(f"cid:{file.name}", f"data:{file.media_type};base64,{data}")
    return html


def _require_staff(request: HttpRequest) -> None:
    if not is_staff(request):
        raise PermissionDenied
