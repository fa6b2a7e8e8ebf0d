"""The bell in the header, and the lines of the list of notices."""

from datetime import datetime

from babel.dates import format_timedelta
from django import template
from django.utils import timezone
from django.utils.translation import get_language, to_locale

from evently.accounts.models import User
from notifications.models import Notice
from notifications.queries import count_unread, title_of_notice

register = template.Library()


@register.filter
def unread(user: User) -> int:
    """How many notices the person has not read."""
    return count_unread([user.pk]).get(user.pk, 0)


@register.filter
def title(notice: Notice) -> str:
    """What the notice is called, in the reader's language."""
    return title_of_notice(notice)


@register.filter
def ago(instant: datetime) -> str:
    """How long ago it was, in the reader's language: "2 days ago"."""
    locale = to_locale(get_language() or "en")
    return format_timedelta(instant - timezone.now(), add_direction=True, locale=locale)
