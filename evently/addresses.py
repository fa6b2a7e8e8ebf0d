"""E-mail addresses: which are taken, how they are stored, and how they are written in a mail.

An address is stored in one spelling: lower case, its domain in Unicode as people read it (the
U-labels of IDNA 2008, RFC 5890). Mail servers get its domain in ASCII (A-labels). What stands
before the @ must be ASCII: other letters need SMTPUTF8 (RFC 6531) at every server on the way.
"""

from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext_lazy as _

from evently.errors import Invalid

if TYPE_CHECKING:
    AnyEmailField = models.EmailField[str, str]
else:
    AnyEmailField = models.EmailField

MOST = 254  # characters of an address in SMTP (RFC 5321 §4.5.3.1.3, less the angle brackets)


def normal_address(text: str) -> str:
    """The address as it is stored; two spellings of the same address become one.

    Raises:
        ValidationError: no mail can be sent to it; the text says what to change.
    """
    local, _at, domain = mail_address(text).rpartition("@")
    return f"{local}@{_in_unicode(domain)}"


def require_address(text: str) -> str:
    """The address as it is stored, for a service.

    Raises:
        Invalid: no mail can be sent to it; the text says what to change.
    """
    try:
        return normal_address(text)
    except ValidationError as error:
        raise Invalid(email=error.messages) from error


def validate_address(text: str) -> None:
    """For forms and rows. Raises as `normal_address`."""
    normal_address(text)


def mail_address(text: str) -> str:
    """The address as mail servers take it: its domain in ASCII.

    Raises:
        ValidationError: as `normal_address`.
    """
    local, domain = _parts(text)
    address = _short(f"{local}@{_in_ascii(domain)}")
    validate_email(address)
    return address


def mailbox(text: str) -> str:
    """A mailbox that may have a name (`Anna <anna@example.com>`) with its domain in ASCII.

    Raises:
        ValidationError: the domain is none.
    """
    name, address = parseaddr(text)
    local, _at, domain = address.rpartition("@")
    return formataddr((name, f"{local}@{_in_ascii(domain)}"))


def spellings(text: str) -> list[str]:
    """Under which addresses an account may be known: as typed, then in the stored spelling."""
    typed = text.strip().lower()
    try:
        return list(dict.fromkeys((typed, normal_address(typed))))
    except ValidationError:
        return [typed]


class AddressInput(forms.EmailField):
    """A form's field for an address, which it gives in the stored spelling."""

    default_validators = [validate_address]

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        return normal_address(text) if text else text


class AddressField(AnyEmailField):
    """A row's address. A service stores it in the one spelling; `full_clean` checks the rule."""

    default_validators = [validate_address]

    def formfield(self, **options: Any) -> Any:
        return super().formfield(**{"form_class": AddressInput, **options})


def _parts(text: str) -> tuple[str, str]:
    """What stands before the @, in lower case, and after it."""
    local, at, domain = _short(text.strip()).rpartition("@")
    if not at or not local.isprintable() or not domain.isprintable():
        raise ValidationError(validate_email.message, code="invalid")
    if not local.isascii():
        raise ValidationError(
            _(
                "Before the @ an address can have the letters a to z without accents, digits, and"
                " signs such as . _ + -. Mail to other letters gets lost on its way: give another"
                " address of yours."
            ),
            code="not-ascii",
        )
    return local.lower(), domain


def _short(text: str) -> str:
    if len(text) > MOST:
        raise ValidationError(
            _("An address has %(most)s characters at most."), code="too-long", params={"most": MOST}
        )
    return text


def _in_ascii(domain: str) -> str:
    """A-labels, after the mapping of UTS 46: capitals, wide letters and the like are the same."""
    lowered = domain.lower()
    if lowered.isascii():
        return lowered
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise _no_domain(domain) from error


def _in_unicode(ascii_domain: str) -> str:
    if "xn--" not in ascii_domain:
        return ascii_domain
    try:
        return idna.decode(ascii_domain)
    except idna.IDNAError as error:
        raise _no_domain(ascii_domain) from error


def _no_domain(domain: str) -> ValidationError:
    return ValidationError(
        _("“%(domain)s” is not the name of a mail server. Check what stands after the @."),
        code="no-domain",
        params={"domain": domain[:64]},
    )
