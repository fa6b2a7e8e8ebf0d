"""People in the admin: for Evently's staff alone."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as AuthUserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from evently.accounts.models import User
from evently.accounts.queries import find_owner, match_people
from evently.addresses import normal_address
from evently.search import FoundByWords

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

    def clean_email(self) -> str:
        return _free_address(self.cleaned_data["email"])


class PersonForm(ChangeForm):
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        return _free_address(self.cleaned_data["email"], of=self.instance)

    def clean(self) -> dict[str, Any] | None:
        """More rights only for an address that somebody has shown to be theirs."""
        cleaned = super().clean()
        is_known = self.instance.is_verified and not self._has_another_address()
        for right in ("is_staff", "is_superuser"):
            if right in self.changed_data and self.cleaned_data.get(right) and not is_known:
                self.add_error(right, _("The person confirms the address first."))
        return cleaned

    def save(self, commit: bool = True) -> User:
        """Another address is nobody's until its owner has followed a link that is mailed there."""
        if self._has_another_address():
            self.instance.email_verified_at = None
        return super().save(commit)

    def _has_another_address(self) -> bool:
        return bool(self.cleaned_data.get("email", "") != self.initial["email"])


def _free_address(email: str, of: User | None = None) -> str:
    """The address as it is stored, unless another account has it verified."""
    address = normal_address(email)
    owner = find_owner(address)
    if owner is not None and owner != of:
        raise ValidationError(_("Another account has this address."))
    return address


@admin.register(User)
class PersonAdmin(FoundByWords, PeopleAdmin):
    """Staff look after visitors and organisers; only superusers after staff, or make any."""

    form = PersonForm
    add_form = PersonAddForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "email_verified_at", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email",)
    show_full_result_count = False
    search_help_text = _("Name or e-mail address")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("email_verified_at", "date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "email_verified_at", "name", "password")}),
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

    def matches(self, request: HttpRequest, text: str) -> Q:
        """The beginnings of words of a name or an address."""
        return Q(pk__in=match_people(text))

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
