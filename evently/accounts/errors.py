"""What accounts refuse."""

from django.utils.translation import gettext_lazy as _

from evently.errors import TEXT, Fact, Kind, RateLimited, Refusal


class EmailTaken(Refusal):
    """Another account has the address verified. Only a person with a mailed link gets this."""

    code = "email-taken"
    kind = Kind.CONFLICT
    title = _("This address belongs to another account. Log in with that one.")


class EmailUnverified(Refusal):
    """The step is for people whose address is verified."""

    code = "email-unverified"
    kind = Kind.FORBIDDEN
    title = _(
        "Confirm your e-mail address first: follow the link that we mailed to you. "
        "POST /api/v1/auth/verification sends it again."
    )
    declared_facts = {
        "resend": Fact(
            "Path that sends the link again: POST to it.",
            example="/api/v1/auth/verification",
            schema=TEXT,
        )
    }


class LinkRefused(Refusal):
    """The mailed link is forged, old, used, or for another account."""

    code = "link-refused"
    kind = Kind.GONE
    title = _("This link does not work any more. Ask for a new one.")


class TooManyMails(RateLimited):
    title = _("Several mails went to this address within the hour. Look among the spam, or wait.")


class LoginRefused(Refusal):
    code = "login-refused"
    kind = Kind.UNKNOWN_CALLER
    title = _("E-mail address and password do not belong together.")


class TooManyLogins(RateLimited):
    title = _("Too many wrong passwords. Wait a while, or reset the password.")


class TokenRefused(Refusal):
    code = "token-refused"
    kind = Kind.UNKNOWN_CALLER
    title = _("This token is not valid any more. Log in again.")
