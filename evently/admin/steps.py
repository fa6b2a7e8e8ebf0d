"""Steps: what the admin does to a row besides saving its form, on a small page that asks first.

A step is a form that calls one service. The page says what will happen; what the service refuses
stands on it in words, and nothing is done.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evently.accounts.models import User
from evently.errors import Invalid, Refusal

Row = TypeVar("Row", bound=Model)


class Step(forms.Form, Generic[Row]):
    """One step with one row.

    `name` is the end of its address, `label` the way to it, `title` the question it asks, `button`
    the answer yes. A step that cannot be taken back is `grave`: its button is red. `home` names the
    row's own page.
    """

    home: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[Any]
    title: ClassVar[Any]
    button: ClassVar[Any]
    grave: ClassVar[bool] = False
    template: ClassVar[str] = "admin/step.html"
    # What is said in its place when the row is in no state for it.
    impossible: ClassVar[Any] = gettext_lazy(
        "This is not possible now; the event is in another state."
    )
    # Whether the page is shown again afterwards: the person tried something, and goes on.
    stays: bool = False

    def __init__(self, row: Row, by: User, data: Any = None) -> None:
        super().__init__(data)
        self.row = row
        self.by = by

    def advice(self) -> list[str]:
        """What the step will do, in sentences."""
        return []

    def is_possible(self) -> bool:
        """Whether the row is in a state for this step; the service has the last word."""
        return True

    def take(self, now: datetime) -> str:
        """Call the service; returns what to tell the person, if anything.

        Raises:
            Refusal: the service's own; it is shown on the page.
        """
        raise NotImplementedError

    def next_address(self) -> str:
        """Where to go afterwards."""
        return self.back_address()

    def back_address(self) -> str:
        """The row's own page."""
        return reverse(self.home, args=[self.row.pk])

    def explain(self, refusal: Refusal) -> None:
        """Show what the service refused, beside the field that it is about."""
        if not isinstance(refusal, Invalid):
            self.add_error(None, str(refusal))
            return
        for field, texts in refusal.errors.items():
            self.add_error(field if field in self.fields else None, texts)


class SteppingAdmin(Protocol):
    """What a step needs of the admin of its row."""

    opts: Any
    admin_site: Any

    def get_object(self, request: HttpRequest, object_id: str) -> Any: ...

    def has_step_permission(self, request: HttpRequest, obj: Any) -> bool: ...

    def message_user(self, request: HttpRequest, message: str, level: int) -> None: ...


def step_urls(admin: SteppingAdmin, *steps: type[Step[Any]]) -> list[URLPattern]:
    """The addresses of a row's steps: `<id>/<name>/`, named `admin:<app>_<model>_<name>`."""

    def view(step: type[Step[Any]]) -> Callable[..., HttpResponse]:
        def take(request: HttpRequest, object_id: str) -> HttpResponse:
            return _take_step(admin, request, object_id, step)

        wrapped: Callable[..., HttpResponse] = admin.admin_site.admin_view(take)
        return wrapped

    prefix = f"{admin.opts.app_label}_{admin.opts.model_name}"
    return [
        path(f"<path:object_id>/{step.name}/", view(step), name=f"{prefix}_{step.name}")
        for step in steps
    ]


def _take_step(
    admin: SteppingAdmin, request: HttpRequest, object_id: str, step: type[Step[Any]]
) -> HttpResponse:
    row = admin.get_object(request, object_id)
    if row is None or not admin.has_step_permission(request, row):
        raise PermissionDenied
    assert isinstance(request.user, User)
    form = step(row, request.user, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            told = form.take(timezone.now())
        except Refusal as refusal:
            form.explain(refusal)
        else:
            if told:
                admin.message_user(request, told, messages.SUCCESS)
            if not form.stays:
                return HttpResponseRedirect(form.next_address())
    context = {
        **admin.admin_site.each_context(request),
        "title": form.title,
        "opts": admin.opts,
        "original": row,
        "form": form,
    }
    return TemplateResponse(request, form.template, context, status=409 if form.errors else 200)


def call_for_each(
    admin: SteppingAdmin,
    request: HttpRequest,
    rows: QuerySet[Row],
    call: Callable[[Row], object],
    *,
    done: str,
) -> None:
    """Call a service for each chosen row, and tell what became of each.

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
    if served:
        told = _("%(done)s: %(number)d.") % {"done": done, "number": served}
        admin.message_user(request, told, messages.SUCCESS)


def confirmed(request: HttpRequest) -> bool:
    """Whether this is the answer to the page of `ask_first`."""
    return "confirmed" in request.POST


def ask_first(
    admin: SteppingAdmin, request: HttpRequest, rows: QuerySet[Row], *, action: str, question: str
) -> TemplateResponse:
    """A page that asks before an action on many rows that cannot be taken back."""
    context = {
        **admin.admin_site.each_context(request),
        "title": question,
        "opts": admin.opts,
        "rows": rows,
        "action": action,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)
