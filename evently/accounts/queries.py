"""Reading accounts."""

from django.db.models import QuerySet

from evently.accounts.models import User
from evently.search import words_query


def match_people(text: str, *, by_name: bool = False) -> QuerySet[User]:
    """People whose name and address have, for every word of the text, a word that begins with it.

    The index `person_words` finds them among millions.

    Args:
        by_name: the words are in the name alone; of an address nothing can be found out.
    """
    # A is the weight that the name's words have in the vector of words.
    wanted = words_query(text, weight="A" if by_name else "")
    return User.objects.filter(words=wanted) if wanted else User.objects.none()


# How many of the accounts that gave an address without verifying it are tried at a log-in, and get
# a link for a new password.
CLAIMS_AT_LOG_IN, CLAIMS_AT_RESET = 1, 3


def find_owner(email: str) -> User | None:
    """The account that has the address verified."""
    return User.objects.filter(email=email, email_verified_at__isnull=False).first()


def list_accounts_for_log_in(email: str) -> list[User]:
    """The accounts whose password a log-in with this address may be: two at most.

    First the newest that gave the address without verifying it, then the one that has it verified.
    In this order a stranger who registers with an address and logs in cannot find out whether
    another account has it verified.
    """
    return [*_claims(email)[:CLAIMS_AT_LOG_IN], *filter(None, [find_owner(email)])]


def list_accounts_for_reset(email: str) -> list[User]:
    """The accounts for which a mail to this address may give a new password."""
    owner = find_owner(email)
    found = [owner] if owner else list(_claims(email)[:CLAIMS_AT_RESET])
    return [user for user in found if user.is_active]


def _claims(email: str) -> QuerySet[User]:
    given = User.objects.filter(email=email, email_verified_at=None)
    return given.order_by("-date_joined", "-pk")
