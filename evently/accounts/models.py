"""People who log in by e-mail."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evently.accounts.validators import validate_name
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
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Whoever runs this command vouches for the address."""
        rights = {"is_staff": True, "is_superuser": True, "email_verified_at": timezone.now()}
        return self.create_user(email, password, **(rights | fields))

    def get_by_natural_key(self, username: str | None) -> "User":
        """The account that has the address verified; else the one that gave it last."""
        given = self.filter(email=(username or "").strip().lower())
        found = given.order_by(F("email_verified_at").desc(nulls_last=True), "-pk").first()
        if found is None:
            raise self.model.DoesNotExist
        return found


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody with an account and one address, which is kept in lower case.

    Anybody can give any address. It is theirs when they have followed a link that was mailed to
    it: `email_verified_at` says so, and nothing else does. Of all accounts with an address one at
    most has it verified (docs/decisions/0019-accounts.md).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254)
    email_verified_at = models.DateTimeField(
        _("address verified at"), null=True, blank=True, editable=False
    )
    name = models.CharField(_("name"), max_length=150, blank=True, validators=[validate_name])
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
            models.UniqueConstraint(
                fields=("email",),
                condition=Q(email_verified_at__isnull=False),
                name="one_verified_account_per_email",
            ),
        )
        indexes = (
            GinIndex(PERSON_WORDS, name="person_by_words"),
            models.Index(fields=("email",), name="person_by_email"),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    @property
    def is_verified(self) -> bool:
        """Whether the person has shown that the address is theirs."""
        return self.email_verified_at is not None

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]
