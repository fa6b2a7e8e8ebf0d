"""An event's waitlist in figures, for its team."""

from dataclasses import dataclass

from babel import Locale
from babel.dates import format_timedelta
from django.utils.translation import get_language, gettext, pgettext, to_locale

from evently.site.templatetags.show import number
from events.models import Event
from waitlist.queries import find_rules, waitlist_summary
from waitlist.telling import percent


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str


def figures_of(event: Event) -> list[Figure]:
    """Waiting, offered, accepted, expired, the promotion rate and the mean wait."""
    summary, line = waitlist_summary(event_id=event.pk), find_rules(event_id=event.pk)
    rate, wait = summary.promotion_rate, summary.mean_wait
    locale = Locale.parse(to_locale(get_language() or "en"))
    return [
        Figure(gettext("People waiting"), number(summary.waiting)),
        Figure(gettext("Seats they want"), number(summary.waiting_seats)),
        Figure(gettext("Kept seats"), number(line.kept_seats)),
        Figure(pgettext("offers", "Offered now"), number(summary.offered)),
        Figure(pgettext("offers", "Accepted"), number(summary.accepted)),
        Figure(pgettext("offers", "Declined"), number(summary.declined)),
        Figure(pgettext("offers", "Passed"), number(summary.expired)),
        Figure(gettext("Promoted"), "–" if rate is None else percent(rate)),
        Figure(
            gettext("Mean wait"), "–" if wait is None else format_timedelta(wait, locale=locale)
        ),
    ]
