"""The address of an account: verifying it, changing it, and setting a new password with it.

A mailed link says which account and which address it is for. It works until the account's password
or address changes, or the address is verified.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import IntegrityError
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from evently.accounts.errors import EmailTaken, EmailUnverified, LinkRefused, TooManyMails
from evently.accounts.facts import AccountOpened, AddressVerified
from evently.accounts.mails import count_mail, send_account_mail
from evently.accounts.models import User
from evently.accounts.queries import find_owner
from evently.addresses import require_address
from evently.errors import Invalid
from evently.facts import publish
from evently.links import address_of_page
from evently.transactions import unit_of_work

SALT = "evently.accounts.address"
LINK_LIFETIME = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mailed link says: this account gives this address as its own."""

    user: User
    email: str


def require_verified(user: User) -> None:
    """
    Raises:
        EmailUnverified: the address is not verified.
    """
    if not user.is_verified:
        raise EmailUnverified(resend="/api/v1/auth/verification")


def send_verification(*, user: User) -> None:
    """Mail the link that verifies the account's address; nothing when it is verified already.

    Raises:
        TooManyMails: several went there within the hour.

    Side effects:
        Sends one mail. When another account has the address, it warns that account's owner.
    """
    if not user.is_verified:
        _mail_link(user, user.email)


def greet(fact: AccountOpened) -> None:
    """Mail the first link to a new account; subscribed to the fact."""
    with suppress(TooManyMails):  # an earlier mail is there, and another can be asked for later
        send_verification(user=User.objects.get(pk=fact.user_id))


def request_address_change(*, user: User, email: str) -> None:
    """Mail a link to the new address; until it is followed, nothing changes.

    The old address gets a mail too, so that its owner can prevent the change.

    Raises:
        Invalid: `email` is the account's address already, or no mail can be sent to it.
        TooManyMails: several went to the new address within the hour.

    Side effects:
        Sends one mail to the new address, and one to the old one if that is verified.
    """
    email = require_address(email)
    if email == user.email:
        raise Invalid(email=_("This is the address of your account already."))
    _mail_link(user, email)
    if user.is_verified:
        send_account_mail(
            "account/email/change_requested",
            user.email,
            context={"reset_url": address_of_page("account_reset_password")},
            language=user.language,
        )


def read_claim(token: str) -> Claim:
    """What a mailed link says.

    Raises:
        LinkRefused: forged, too old, or the account has changed since.
    """
    try:
        said = signing.loads(token, salt=SALT, max_age=LINK_LIFETIME)
    except signing.BadSignature as error:
        raise LinkRefused from error
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    if user is None or not constant_time_compare(said["mark"], _mark(user)):
        raise LinkRefused
    return Claim(user, said["email"])


def confirm_address(*, token: str, by: User, now: datetime) -> User:
    """Mark the address in a mailed link as verified.

    The link proves access to the mailbox, and `by` proves access to the account. Both are needed:
    an account with another person's address is not verified when that person follows the link.

    Args:
        by: the person as whom the caller is logged in, or whose password they gave.
        now: aware UTC instant, read once at the edge.

    Raises:
        LinkRefused: as `read_claim`, or the link is for another account.
        EmailTaken: another account has the address verified.

    Side effects:
        Opens the transaction. Locks the account's row. Publishes AddressVerified. Sends a mail to
        the old address, when it was verified and is another one.
    """
    try:
        with unit_of_work():
            User.objects.select_for_update(no_key=True).filter(pk=by.pk).first()
            claim = read_claim(token)
            if claim.user.pk != by.pk:
                raise LinkRefused
            user, before = claim.user, claim.user.email
            was_verified = user.is_verified
            mark_verified(user, email=claim.email, now=now)
    except IntegrityError as error:
        raise EmailTaken from error
    if was_verified and before != user.email:
        send_account_mail("account/email/email_changed", before, language=user.language)
    return user


def mark_verified(user: User, *, email: str, now: datetime) -> None:
    """Write that the address is verified; called inside a use case's transaction.

    Raises:
        IntegrityError: another account has it verified.
    """
    user.email, user.email_verified_at = email, now
    user.save(update_fields=["email", "email_verified_at"])
    publish(AddressVerified(user.pk))


def reset_password(*, user: User, password: str, now: datetime) -> None:
    """Give an account a new password after a link that was mailed to its address.

    The link proves access to the mailbox, so the address is verified with it. Every session, token
    and pending change of the address ends, because each depends on the old password: a person who
    used the account before cannot use it any more.

    Args:
        now: aware UTC instant, read once at the edge.

    Side effects:
        Opens the transaction. Locks the account's row. Publishes AddressVerified when it was not.
    """
    user.set_password(password)
    try:
        with unit_of_work():
            row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
            row.password = user.password
            row.save(update_fields=["password"])
            if not row.is_verified and find_owner(row.email) is None:
                mark_verified(row, email=row.email, now=now)
    except IntegrityError:
        # Another account verified the address in the same instant: now it is found.
        reset_password(user=user, password=password, now=now)


def _mail_link(user: User, email: str) -> None:
    count_mail(email)
    owner = find_owner(email)
    if owner is None or owner.pk == user.pk:
        send_account_mail(
            "account/email/email_confirmation",
            email,
            context={"activate_url": address_link(user, email), "opened_at": user.date_joined},
            language=user.language,
        )
        return
    addresses = {
        "login_url": address_of_page("account_login"),
        "password_reset_url": address_of_page("account_reset_password"),
    }
    send_account_mail(
        "account/email/account_already_exists", email, context=addresses, language=owner.language
    )


def address_link(user: User, email: str) -> str:
    """The link that shows whose the address is; it is mailed there and shown nowhere else."""
    said = {"user": str(user.pk), "email": email, "mark": _mark(user)}
    return address_of_page("account_confirm_email", signing.dumps(said, salt=SALT))


def _mark(user: User) -> str:
    """Changes with everything that makes an old link void."""
    verified_at = user.email_verified_at.isoformat() if user.email_verified_at else ""
    state = "\0".join((str(user.pk), user.password, user.email, verified_at))
    return salted_hmac(SALT, state, algorithm="sha256").hexdigest()[:32]
