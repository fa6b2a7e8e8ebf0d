"""What an organiser does with somebody in a line, each on a small page that asks first."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from evently.admin.steps import Step
from evently.fields import LineInput
from evently.site.templatetags.show import brief, seats
from waitlist import services
from waitlist.models import MAX_MINUTES, Entry, Offer, Tier
from waitlist.queries import find_open_offer, find_rules

MAX_REASON = 200


def _reason() -> LineInput:
    return LineInput(
        label=_("Reason"),
        max_length=MAX_REASON,
        help_text=_("It is kept in the history."),
        widget=UnfoldAdminTextInputWidget(),
    )


def _tier() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Tier"),
        choices=Tier.choices,
        coerce=lambda text: Tier(int(text)),
        widget=UnfoldAdminSelectWidget(),
    )


class EntryStep(Step[Entry]):
    """A step with somebody's entry."""

    home = "admin:waitlist_entry_change"

    def person(self) -> str:
        return str(self.row.user)


class _OfferStep(EntryStep):
    """A step with the open offer of an entry."""

    def __init__(self, row: Entry, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.offer: Offer | None = find_open_offer(row)

    def is_possible(self) -> bool:
        return self.offer is not None

    def told(self) -> dict[str, str]:
        """Who has how many seats until when."""
        if self.offer is None:
            return {}
        return {
            "person": self.person(),
            "seats": seats(self.offer.seats),
            "moment": brief(self.offer.expires_at, self.row.event.timezone),
        }

    def advice(self) -> list[str]:
        if self.offer is None:
            return []
        return [_now("%(person)s is offered %(seats)s until %(moment)s.") % self.told()]


class OfferStep(EntryStep):
    name = "offer"
    label = _("Offer seats…")
    title = _("Offer seats to this person, whoever stands ahead?")
    button = _("Offer them")

    def is_possible(self) -> bool:
        return self.row.status == Entry.Status.WAITING

    def advice(self) -> list[str]:
        kept = find_rules(event_id=self.row.event_id).kept_seats
        return [
            _now("%(person)s waits for %(wanted)s. Free now: %(free)s.")
            % {
                "person": self.person(),
                "wanted": seats(self.row.quantity),
                "free": seats(kept + self.row.event.available_seats),
            }
        ]

    def take(self, now: datetime) -> str:
        offer = services.offer_by_hand(entry_id=self.row.pk, by=self.by, now=now)
        told = {"person": self.person(), "seats": seats(offer.seats)}
        return _now("%(person)s is offered %(seats)s.") % told


class WithdrawStep(_OfferStep):
    name = "withdraw"
    label = _("Withdraw the offer…")
    title = _("Take this offer back?")
    button = _("Take it back")
    grave = True

    def advice(self) -> list[str]:
        back = _now(
            "The person stands in line again, where they stood. The seats go to the first in line,"
            " who may be the same person: pause the waitlist before, to keep them."
        )
        return [*super().advice(), back]

    def take(self, now: datetime) -> str:
        assert self.offer
        services.withdraw_offer(offer_id=self.offer.pk, by=self.by, now=now)
        return _now("The offer to %(person)s is taken back.") % {"person": self.person()}


class ExtendStep(_OfferStep):
    name = "extend"
    label = _("Give more time…")
    title = _("Let this offer stand longer")
    button = _("Give more time")

    minutes = forms.IntegerField(
        label=_("Minutes more"),
        min_value=1,
        max_value=MAX_MINUTES,
        initial=10,
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    def take(self, now: datetime) -> str:
        assert self.offer
        minutes = self.cleaned_data["minutes"]
        self.offer = services.extend_offer(
            offer_id=self.offer.pk, by=self.by, minutes=minutes, now=now
        )
        return _now("The offer to %(person)s stands until %(moment)s.") % self.told()


class MoveStep(EntryStep):
    name = "move"
    label = _("Move in the line…")
    title = _("Move this person to another tier of this line")
    button = _("Move")

    tier = _tier()
    reason = _reason()

    def __init__(self, row: Entry, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.initial = {"tier": row.tier}

    def is_possible(self) -> bool:
        return self.row.status == Entry.Status.WAITING

    def advice(self) -> list[str]:
        return [
            _now(
                "%(person)s stands in the tier %(tier)s. Higher tiers stand further ahead; in a"
                " tier it counts who joined first. Only this line changes."
            )
            % {"person": self.person(), "tier": self.row.get_tier_display()}
        ]

    def take(self, now: datetime) -> str:
        entry = services.move_entry(entry_id=self.row.pk, by=self.by, now=now, **self.cleaned_data)
        told = {"person": self.person(), "tier": entry.get_tier_display()}
        return _now("%(person)s stands in the tier %(tier)s now.") % told


class TierStep(EntryStep):
    name = "tier"
    label = _("Set the person's tier…")
    title = _("Set this person's tier for all of your events")
    button = _("Set the tier")

    tier = _tier()
    reason = _reason()

    def __init__(self, row: Entry, by: Any, data: Any = None) -> None:
        super().__init__(row, by, data)
        self.initial = {"tier": row.tier}

    def advice(self) -> list[str]:
        return [
            _now("It counts whenever %(person)s joins a line of yours next; this place stays.")
            % {"person": self.person()}
        ]

    def take(self, now: datetime) -> str:
        standing = services.set_standing(
            organiser_id=self.row.event.organiser_id,
            user_id=self.row.user_id,
            by=self.by,
            now=now,
            **self.cleaned_data,
        )
        told = {"person": self.person(), "tier": standing.get_tier_display()}
        return _now("%(person)s has the tier %(tier)s now.") % told


class RemoveStep(EntryStep):
    name = "remove"
    label = _("Remove from the line…")
    title = _("Remove this person from the line?")
    button = _("Remove")
    grave = True

    reason = _reason()

    def is_possible(self) -> bool:
        return self.row.status in Entry.LIVE

    def advice(self) -> list[str]:
        told = _now("%(person)s loses the place. Seats that are offered now go to the next.")
        return [told % {"person": self.person()}]

    def take(self, now: datetime) -> str:
        reason = self.cleaned_data["reason"]
        services.remove_entry(entry_id=self.row.pk, by=self.by, reason=reason, now=now)
        return _now("%(person)s does not wait any more.") % {"person": self.person()}


STEPS: tuple[type[EntryStep], ...] = (
    OfferStep,
    WithdrawStep,
    ExtendStep,
    MoveStep,
    TierStep,
    RemoveStep,
)
