"""People who log in by e-mail."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evently.addresses import AddressField, normal_address, spellings
from evently.ids import new_id

# The words of a name and of the parts of an address, for `queries.match_people` and its index.
PERSON_WORDS = SearchVector(
    "name",
    Func(F("email"), Value("@.-_+"), Value("     "), function="translate"),
    config="simple",
)


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
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.address_of_account(username or ""))

    def address_of_account(self, typed: str) -> str:
        """The address in the spelling under which there is an account, or would be one.

        An address of before there was one spelling may stand as it was typed.
        """
        known = spellings(typed)
        if len(known) == 1 or self.filter(email=known[0]).exists():
            return known[0]
        return known[1]


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody with an account: one for each address, kept as `evently.addresses` spells it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = AddressField(_("e-mail address"), max_length=254)
    name = models.CharField(_("name"), max_length=150, blank=True)
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

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("email",)
        constraints = (
            models.UniqueConstraint(Lower("email"), name="one_account_per_email"),
            # The log-in looks up the plain column. Its lower case is the same in Python and in
            # every collation: ASCII before the @, and a domain as IDNA maps it.
            models.UniqueConstraint(fields=("email",), name="user_email_unique"),
        )
        indexes = (GinIndex(PERSON_WORDS, name="person_by_words"),)

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        """After the field's own rule: one spelling."""
        self.email = spellings(self.email)[-1]

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
