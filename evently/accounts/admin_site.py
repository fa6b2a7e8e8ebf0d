"""The admin: who comes in, what each person may see and change there, and how they log in.

Two sorts of people come in: Evently's own (`is_staff`), who see everything, and members of an
organiser's team, who see what belongs to their teams. Nobody needs Django's permissions row by row.
"""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from evently.accounts.models import User
from evently.errors import Refusal

if TYPE_CHECKING:

    class AnyModelAdmin(ModelAdmin[Any]):
        """Names for the type checker the two views that Django wraps into a transaction."""

        def _changeform_view(
            self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: Any
        ) -> HttpResponse: ...

        def _delete_view(
            self, request: HttpRequest, object_id: str, extra_context: Any
        ) -> HttpResponse: ...
else:
    AnyModelAdmin = ModelAdmin  # knows its row's type to the type checker only

Row = TypeVar("Row", bound=Model)
Row_contra = TypeVar("Row_contra", bound=Model, contravariant=True)


class TeamRequest(HttpRequest):
    """A request of the admin, which remembers the person's teams."""

    user: User
    team_roles: dict[UUID, str]


def team_roles(request: HttpRequest) -> dict[UUID, str]:
    """The person's role in each of their teams, asked once in a request."""
    asked = cast(TeamRequest, request)
    if not hasattr(asked, "team_roles"):
        asked.team_roles = dict(asked.user.memberships.values_list("organiser", "role"))
    return asked.team_roles


def person(request: HttpRequest) -> User:
    """Whoever is logged in; the admin lets nobody else as far as here."""
    return cast(User, request.user)


class EventlyAdminSite(AdminSite):
    """The admin for staff and for members of a team, behind the log-in page of the site."""

    site_header = _("Evently")
    site_title = _("Evently")
    index_title = _("Your events")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and (user.is_staff or bool(team_roles(request)))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send strangers to the one log-in page, with its brake on guessing.

        Raises:
            PermissionDenied: logged in, but neither staff nor a member of any team.
        """
        index = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(index)
        if request.user.is_authenticated:
            raise PermissionDenied("Ask an owner of your organiser to add you to the team.")
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or index
        return redirect_to_login(wanted, login_url=reverse(settings.LOGIN_URL))


class TeamAdmin(AnyModelAdmin, Generic[Row]):
    """Rows that belong to an organiser: seen by its team, changed by some roles, all by staff.

    `organiser_path` is the look-up from a row to its organiser's id.
    """

    organiser_path: str
    change_roles: Collection[str]

    def organiser_id(self, obj: Row) -> UUID:
        """The organiser that a row belongs to."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        rows = super().get_queryset(request)
        if person(request).is_staff:
            return rows
        return rows.filter(**{f"{self.organiser_path}__in": list(team_roles(request))})

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Row | None:
        """The row; another team's row and one that is not there are refused alike."""
        found = super().get_object(request, object_id, from_field)
        if found is None and not person(request).is_staff:
            raise PermissionDenied
        return found

    def may(self, request: HttpRequest, obj: Row | None, roles: Collection[str]) -> bool:
        """Whether the person has one of the roles: for this row, or without one in any team."""
        if person(request).is_staff:
            return True
        own = team_roles(request)
        if obj is None:
            return any(role in roles for role in own.values())
        return own.get(self.organiser_id(obj)) in roles

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        if obj is None or person(request).is_staff:
            return self.admin_site.has_permission(request)
        return self.organiser_id(obj) in team_roles(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, None, self.change_roles)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.may(request, obj, self.change_roles)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.may(request, obj, self.change_roles)


class _LoggingAdmin(Protocol[Row_contra]):
    def log_change(self, request: HttpRequest, obj: Row_contra, message: Any) -> Any: ...

    def message_user(self, request: HttpRequest, message: str, level: int) -> None: ...


def call_for_each(
    admin: _LoggingAdmin[Row],
    request: HttpRequest,
    rows: QuerySet[Row],
    call: Callable[[Row], object],
    *,
    done: str,
) -> None:
    """Call a service for each chosen row, tell what became of each, and keep it in the history.

    Args:
        done: what happened to a row, such as "Published".
    """
    served = 0
    for row in rows:
        try:
            call(row)
        except Refusal as refusal:
            admin.message_user(request, f"{row}: {refusal}", messages.ERROR)
        else:
            served += 1
            admin.log_change(request, row, done)
    if served:
        admin.message_user(request, f"{done}: {served}.", messages.SUCCESS)


def confirmed(request: HttpRequest) -> bool:
    """Whether this is the answer to the page of `ask_first`."""
    return "confirmed" in request.POST


def ask_first(
    admin: AnyModelAdmin, request: HttpRequest, rows: QuerySet[Row], *, action: str, question: str
) -> HttpResponseBase:
    """A page that asks before a step that cannot be taken back."""
    context = {
        **admin.admin_site.each_context(request),
        "title": question,
        "opts": admin.opts,
        "rows": rows,
        "action": action,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)
