"""People in the admin: for Evently's staff alone."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as AuthUserChangeForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from evently.accounts.models import User
from evently.accounts.queries import match_people

if TYPE_CHECKING:
    AddForm = AdminUserCreationForm[User]
    ChangeForm = AuthUserChangeForm[User]
    PeopleAdmin = UserAdmin[User]
else:

    class PeopleAdmin(UserAdmin, ModelAdmin):
        """Django's screens of people in the look of the others."""

    AddForm, ChangeForm = UserCreationForm, UserChangeForm


class PersonAddForm(AddForm):
    class Meta:
        model = User
        fields = ("email", "name")


class PersonForm(ChangeForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class PersonAdmin(PeopleAdmin):
    """Staff look after visitors and organisers; only superusers after staff, or make any."""

    form = PersonForm
    add_form = PersonAddForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email",)
    show_full_result_count = False
    search_help_text = _("Name or e-mail address")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("What they may do"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """The beginnings of words of a name or an address."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=match_people(search_term)), False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody but a superuser hands out more rights."""
        fixed = tuple(map(str, super().get_readonly_fields(request, obj)))
        return fixed if _is_superuser(request) else (*fixed, "is_staff", "is_superuser")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _is_staff(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_staff(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        privileged = obj is not None and (obj.is_staff or obj.is_superuser)
        return _is_superuser(request) or (_is_staff(request) and not privileged)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _is_superuser(request)


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_staff


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser
