"""What accounts refuse."""

from django.utils.translation import gettext_lazy as _

from evently.errors import Kind, Refusal


class EmailTaken(Refusal):
    code = "email-taken"
    kind = Kind.CONFLICT
    title = _("There is an account with this e-mail address. Log in, or reset the password.")


class LoginRefused(Refusal):
    code = "login-refused"
    kind = Kind.UNKNOWN_CALLER
    title = _("E-mail address and password do not belong together.")


class TooManyLogins(Refusal):
    code = "rate-limited"
    kind = Kind.TOO_MANY
    title = _("Too many wrong passwords. Wait a while, or reset the password.")


class TokenRefused(Refusal):
    code = "token-refused"
    kind = Kind.UNKNOWN_CALLER
    title = _("This token is not valid any more. Log in again.")
