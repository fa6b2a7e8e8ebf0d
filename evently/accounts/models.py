"""People who log in by e-mail."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evently.accounts.validators import validate_name
from evently.addresses import AddressField, normal_address, spellings
from evently.fields import LineField, Searchable
from evently.ids import new_id


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """
        Raises:
            ValidationError: no mail can be sent to the address.
        """
        user = self.model(email=normal_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """The address counts as verified: the person who runs this command is trusted."""
        rights = {"is_staff": True, "is_superuser": True, "email_verified_at": timezone.now()}
        return self.create_user(email, password, **(rights | fields))

    def get_by_natural_key(self, username: str | None) -> "User":
        """The account that has the address verified; else the one that gave it last."""
        given = self.filter(email=self.address_of_account(username or ""))
        found = given.order_by(F("email_verified_at").desc(nulls_last=True), "-pk").first()
        if found is None:
            raise self.model.DoesNotExist
        return found

    def address_of_account(self, typed: str) -> str:
        """The address in the spelling under which there is an account, or would be one.

        An address of before there was one spelling may stand as it was typed.
        """
        known = spellings(typed)
        if len(known) == 1 or self.filter(email=known[0]).exists():
            return known[0]
        return known[1]


class User(Searchable, AbstractBaseUser, PermissionsMixin):
    """Somebody with an account and one address, kept as `evently.addresses` spells it.

    Anybody can give any address. It is theirs when they have followed a link that was mailed to
    it: `email_verified_at` says so, and nothing else does. Of all accounts with an address one at
    most has it verified (docs/decisions/0019-accounts.md).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = AddressField(_("e-mail address"), max_length=254)
    email_verified_at = models.DateTimeField(
        _("address verified at"), null=True, blank=True, editable=False
    )
    name = LineField(_("name"), max_length=150, blank=True, validators=[validate_name])
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("works for Evently"), default=False, help_text=_("Sees every organiser's events.")
    )
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)
    # What the person read when the account was opened, or at the last log-in with a page.
    language = models.CharField(
        _("language of mails"), max_length=10, default="en", db_default="en", editable=False
    )

    objects: ClassVar[UserManager] = UserManager()

    SEARCHED = {"A": "name", "B": "email"}

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("email",)
        constraints = (
            models.UniqueConstraint(
                fields=("email",),
                condition=Q(email_verified_at__isnull=False),
                name="one_verified_account_per_email",
            ),
        )
        indexes = (
            GinIndex(fields=("words",), name="person_words"),
            models.Index(fields=("email",), name="person_by_email"),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        """After the field's own rule: one spelling."""
        self.email = spellings(self.email)[-1]

    @property
    def is_verified(self) -> bool:
        """Whether the person has shown that the address is theirs."""
        return self.email_verified_at is not None

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class TokenFamily(models.Model):
    """The tokens that followed from one log-in of a program; a row that is gone has ended them.

    Args:
        password_mark: stands for the password at the time of the log-in.
        began_at: when the person showed a password; the family cannot outlive it by much.
        refresh_id: `jti` of the one refresh token that works.
        previous_id: of the one that it was traded for, at `rotated_at`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    password_mark = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    refresh_id = models.UUIDField()
    previous_id = models.UUIDField(null=True)
    rotated_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("log-in of a program")
        verbose_name_plural = _("log-ins of programs")

    def __str__(self) -> str:
        return str(self.pk)
