"""Who comes into the admin, how they log in, and which tables are there.

Two sorts of people come in: Evently's own (`is_staff`), who see everything, and members of an
organiser's team, who see what belongs to their teams (`events.admin.team`). Nobody needs Django's
permissions row by row.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from evently.accounts.models import User

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite

    Site = AdminSite
else:
    Site = UnfoldAdminSite

# The admin's scripts (Alpine) turn attributes into code, and its theme writes its colours inline.
# The rest of the site allows neither: docs/decisions/0006-admin.md.
CSP = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class EventlyAdminSite(Site):
    """The admin for staff and for members of a team, behind the log-in page of the site."""

    index_title = _("Your events")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return False
        return user.is_staff or _works_in_a_team(request, user)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send strangers to the one log-in page, with its brake on guessing, and whoever is in no
        team to the page that founds one."""
        index = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(index)
        if request.user.is_authenticated:
            return HttpResponseRedirect(reverse("events:sell"))
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or index
        return redirect_to_login(wanted, login_url=reverse(settings.LOGIN_URL))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in what has a screen in our look; the tables of libraries are nobody's work."""
        if admin_class and issubclass(admin_class, ModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return csp_update(CSP)(super().admin_view(_readable(view), cacheable))


def _readable(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, for addresses that the database can be asked: it knows no NUL character."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if any("\0" in text for name, texts in request.GET.lists() for text in (name, *texts)):
            raise BadRequest("The address has a character that no text can have.")
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            # Forms tell their own; what comes up here is an id that cannot be one.
            raise Http404 from error

    return checked


def _works_in_a_team(request: HttpRequest, user: User) -> bool:
    """Asked once in a request."""
    known: bool | None = getattr(request, "works_in_a_team", None)
    if known is None:
        known = user.is_verified and user.memberships.exists()
        request.works_in_a_team = known  # type: ignore[attr-defined]
    return known
