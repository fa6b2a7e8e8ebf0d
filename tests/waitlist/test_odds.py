"""Chances and waits: what the model must do, and that it is better than the base rate."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from random import Random

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries
from scipy import stats

from bookings.models import Booking
from evently.accounts.models import User
from events.models import Event
from tests.makers import make_event, make_organiser, make_user
from tests.waitlist.people import cancel_one, make_entry, make_full_event, offer_of
from waitlist.models import Offer, Tier
from waitlist.odds import Interval, Odds, outlook_of, prospect_of_joining, prospects_of
from waitlist.odds import asking as asking_module
from waitlist.odds.judging import Trial, judge
from waitlist.odds.model import Outlook, foresee
from waitlist.odds.reading import days_left, list_similar, read_record
from waitlist.odds.records import STRETCHES, Record, Sale, record_of
from waitlist.odds.simulating import simulate_trials
from waitlist.services import decline_offer
from waitlist.telling import chance_words, wait_words

NOTHING = Record(cancelled=[0] * len(STRETCHES), at_risk=[0.0] * len(STRETCHES), sizes={})
DAY_SECONDS = 86_400


def sales(number: int, *, cancelled: int, seats: int = 1) -> list[Sale]:
    """Bookings made 40 days before, some of which were cancelled evenly until the begin."""
    gone = [39 * (place + 0.5) / cancelled for place in range(cancelled)]
    lost = [Sale(40.0, at, seats) for at in gone]
    return [*lost, *[Sale(40.0, None, seats)] * (number - cancelled)]


def past_events(number: int, *, cancelled: int) -> list[Record]:
    return [record_of(sales(100, cancelled=cancelled), left=0.0) for _ in range(number)]


def outlook(
    past: Sequence[Record] = (), own: Record = NOTHING, *, left: float = 20.0, end: float = 0.0
) -> Outlook:
    return foresee(own, past, bookings=100, line={(1, 1): 10}, left=left, end=end)


def likely(one: Outlook, *, ahead: int = 3, fewest: int = 1) -> float:
    return one.odds(seats_ahead=ahead, fewest=fewest).chance.likely


# --- The model --------------------------------------------------------------------------------


def test_the_chance_is_that_of_the_negative_binomial_distribution() -> None:
    one = Outlook(
        shape=4.0,
        rate=3.0,
        ahead=((10.0, 6.0),),
        returning=0.0,
        sizes=((1, 1.0),),
        line=((1, 1.0),),
    )
    for ahead in (0, 1, 5, 12):
        expected = stats.nbinom.sf(ahead, 4.0, 3.0 / (3.0 + 6.0))
        assert likely(one, ahead=ahead) == pytest.approx(expected)


def test_more_people_ahead_and_less_time_left_make_it_less_likely() -> None:
    past = past_events(6, cancelled=20)
    by_place = [likely(outlook(past), ahead=ahead) for ahead in (0, 2, 5, 10, 20, 50)]
    assert all(nearer > further for nearer, further in pairwise(by_place))
    by_time = [likely(outlook(past, left=left)) for left in (30.0, 14.0, 7.0, 2.0, 0.5)]
    assert all(longer > shorter for longer, shorter in pairwise(by_time))


def test_before_there_is_any_data_the_past_of_similar_events_speaks() -> None:
    calm, restless = (outlook(past_events(8, cancelled=number)) for number in (2, 30))
    assert likely(calm, ahead=8) < 0.2 < 0.8 < likely(restless, ahead=8)


def test_what_happened_in_the_event_itself_outweighs_its_past() -> None:
    past = past_events(8, cancelled=10)
    seen = record_of(sales(100, cancelled=40), left=20.0)
    unseen = record_of(sales(100, cancelled=0), left=20.0)
    assert likely(outlook(past, unseen)) < likely(outlook(past)) < likely(outlook(past, seen))


def test_ranges_are_wide_without_data_and_narrow_with_much() -> None:
    def width(one: Outlook) -> float:
        chance = one.odds(seats_ahead=6, fewest=1).chance
        return chance.high - chance.low

    seen = record_of(sales(2000, cancelled=200), left=20.0)
    assert width(outlook()) > 0.5
    assert width(outlook(past_events(8, cancelled=14), seen)) < 0.5 * width(outlook())


def test_the_likely_value_lies_in_its_range() -> None:
    for ahead in (0, 1, 4, 9, 30, 1000, 100_000):
        for past in ([], past_events(5, cancelled=9)):
            odds = outlook(past).odds(seats_ahead=ahead, fewest=1)
            assert 0 <= odds.chance.low <= odds.chance.likely <= odds.chance.high <= 1
            if odds.wait:
                assert 0 < odds.wait.low <= odds.wait.likely <= odds.wait.high
                assert odds.wait.high <= 20 * DAY_SECONDS


def test_offers_that_come_back_shorten_the_line() -> None:
    def with_returned(share: float) -> Record:
        return replace(NOTHING, answered=200, returned=int(200 * share))

    assert likely(outlook(own=with_returned(0.9))) > likely(outlook(own=with_returned(0.1)))


def test_if_every_second_offer_comes_back_half_as_many_cancellations_will_do() -> None:
    def chance(returning: float) -> float:
        one = Outlook(
            shape=1e6,
            rate=1e6,
            ahead=((10.0, 22.0),),
            returning=returning,
            sizes=((1, 1.0),),
            line=((1, 1.0),),
        )
        return likely(one, ahead=30)

    assert chance(0.0) < 0.05 < 0.85 < chance(0.5)


def test_a_group_is_less_likely_to_be_served_than_who_takes_any_number() -> None:
    mixed = [
        *sales(60, cancelled=6),
        *sales(30, cancelled=3, seats=2),
        *sales(10, cancelled=1, seats=4),
    ]
    one = outlook([record_of(mixed, left=0.0)] * 6)
    chances = [likely(one, fewest=fewest) for fewest in (1, 2, 4)]
    assert chances[0] > chances[1] > chances[2] > 0
    assert likely(one, fewest=5) == 0


def test_larger_groups_ahead_are_no_rivals_for_what_is_too_small_for_them() -> None:
    def among(fewest: int) -> float:
        mixed = [*sales(50, cancelled=10), *sales(50, cancelled=10, seats=4)]
        past = [record_of(mixed, left=0.0)] * 6
        line = {(fewest, 4): 10}
        one = foresee(NOTHING, past, bookings=100, line=line, left=10.0, end=0.0)
        return likely(one, ahead=40)

    assert among(4) > among(1)


def test_when_the_sale_is_over_nothing_comes_and_no_time_is_told() -> None:
    assert outlook(left=0.0).odds(seats_ahead=0, fewest=1) == Odds(Interval(0, 0, 0), None)
    assert outlook(left=5.0, end=5.0).odds(seats_ahead=0, fewest=1).wait is None


def test_no_time_is_told_of_what_hardly_comes() -> None:
    odds = outlook().odds(seats_ahead=5_000, fewest=1)
    assert odds.chance.likely < 0.01
    assert odds.wait is None


def test_half_of_the_chance_has_come_true_at_the_likely_time() -> None:
    one = outlook(past_events(6, cancelled=20), left=3.0)
    odds = one.odds(seats_ahead=2, fewest=1)
    assert odds.wait
    until = odds.wait.likely / DAY_SECONDS
    sooner = outlook(past_events(6, cancelled=20), left=3.0, end=3.0 - until)
    assert likely(sooner, ahead=2) == pytest.approx(odds.chance.likely / 2, rel=1e-6)


# --- How good it is ---------------------------------------------------------------------------


def test_on_made_up_histories_the_odds_beat_the_base_rate_and_mean_what_they_say() -> None:
    verdict = judge(list(simulate_trials(250, rng=Random(7))))
    assert verdict.places > 5_000
    assert verdict.brier < 0.7 * verdict.base_brier
    assert 0.6 < verdict.covered < 0.9
    # Reliable: what is told grows with what comes, and is nowhere far from it.
    came = [row.came for row in verdict.table]
    assert came == sorted(came)
    assert all(abs(row.told - row.came) < 0.25 for row in verdict.table)


def test_telling_the_base_rate_itself_has_no_skill() -> None:
    half = Odds(Interval(0.5, 0.5, 0.5), None)
    verdict = judge([Trial(half, None), Trial(half, 60.0)])
    assert (verdict.brier, verdict.base_brier, verdict.skill) == (0.25, 0.25, 0)


def test_coverage_counts_the_waits_that_lay_in_the_range_they_were_told() -> None:
    odds = Odds(Interval(0.5, 0.5, 0.5), Interval(10.0, 20.0, 30.0))
    verdict = judge([Trial(odds, waited) for waited in (None, 5.0, 10.0, 30.0, 31.0)])
    assert (verdict.waits, verdict.covered, verdict.base_rate) == (4, 0.5, 0.8)


@pytest.mark.django_db
def test_the_command_tells_of_made_up_and_of_own_histories() -> None:
    organiser, buyer = make_organiser(), make_user()
    for _ in range(6):
        sell_in_the_past(make_event(organiser, capacity=40, max_per_booking=40), buyer=buyer)
    out = StringIO()
    call_command("backtest_waitlist", histories=40, seed=3, stdout=out)
    told = out.getvalue()
    assert "40 made-up histories, seed 3" in told
    assert told.count("Brier score") == 2
    assert "waits in the range" in told


@pytest.mark.django_db
def test_the_command_bears_a_database_without_a_past() -> None:
    out = StringIO()
    call_command("backtest_waitlist", histories=20, stdout=out)
    assert out.getvalue().rstrip().endswith("none")


# --- From the database ------------------------------------------------------------------------


def sell_in_the_past(event: Event, *, buyer: User, days_ago: float = 10.0) -> None:
    """Twenty bookings from 40 days before the begin on, every fourth cancelled on the way."""
    starts_at = datetime.now(UTC) - timedelta(days=days_ago)
    Event.objects.filter(pk=event.pk).update(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        created_at=starts_at - timedelta(days=50),
        status=Event.Status.COMPLETED,
    )
    rows = []
    for number in range(20):
        gone = starts_at - timedelta(days=number * 1.5 + 0.1) if number % 4 == 0 else None
        rows.append(
            Booking(
                event=event,
                user=buyer,
                quantity=1 + number % 3,
                unit_price=0,
                currency="EUR",
                only_one_per_person=False,
                created_at=starts_at - timedelta(days=40 - number / 4),
                cancelled_at=gone,
                status="cancelled" if gone else "confirmed",
            )
        )
    Booking.objects.bulk_create(rows)
    event.refresh_from_db()


@pytest.mark.django_db
@pytest.mark.parametrize("left", [0.0, 2.0, 12.0, 38.0])
def test_a_record_is_read_as_it_would_be_made_from_bookings_at_hand(left: float) -> None:
    event = make_event(capacity=40)
    sell_in_the_past(event, buyer=make_user())

    def on_clock(at: datetime) -> float:
        return (event.starts_at - at) / timedelta(days=1)

    at_hand = [
        Sale(
            on_clock(row.created_at),
            on_clock(row.cancelled_at) if row.cancelled_at else None,
            row.quantity,
        )
        for row in Booking.objects.all()
    ]
    read = read_record(event, until=event.starts_at - timedelta(days=left))
    made = record_of(at_hand, left=left)
    assert list(read.cancelled) == list(made.cancelled)
    assert list(read.at_risk) == pytest.approx(list(made.at_risk))
    assert dict(read.sizes) == dict(made.sizes)


@pytest.mark.django_db
def test_offers_that_came_back_are_in_the_record() -> None:
    event = make_full_event(capacity=2)
    first, _second = make_entry(event), make_entry(event)
    cancel_one(event)
    decline_offer(offer_id=offer_of(first).pk, user=first.user, now=datetime.now(UTC))
    record = read_record(event, until=datetime.now(UTC))
    assert (record.answered, record.returned) == (1, 1)
    assert Offer.objects.count() == 2


@pytest.mark.django_db
def test_similar_events_are_over_and_the_organisers_own_come_first() -> None:
    organiser, buyer = make_organiser(), make_user()
    event = make_event(organiser, capacity=50)
    own_large, elsewhere, huge, coming = (
        make_event(organiser, capacity=150),
        make_event(capacity=50),
        make_event(organiser, capacity=900),
        make_event(organiser, capacity=50),
    )
    for past in (own_large, elsewhere, huge):
        sell_in_the_past(past, buyer=buyer)
    assert list_similar(event, now=datetime.now(UTC)) == [own_large, elsewhere]
    assert coming.status == Event.Status.PUBLISHED


@pytest.mark.django_db
def test_the_prospect_of_joining_counts_who_is_ahead_in_each_tier() -> None:
    event, gold = make_full_event(), make_user()
    make_entry(event, tier=Tier.PREMIUM)
    make_entry(event)
    now = datetime.now(UTC)
    assert prospect_of_joining(event, user=None, now=now).place.position == 3
    assert prospect_of_joining(event, user=make_user(), now=now).place.position == 3
    make_entry(make_full_event(event.organiser), gold, tier=Tier.GOLD)
    assert prospect_of_joining(event, user=gold, now=now).place.position == 2


@pytest.mark.django_db
def test_an_outlook_is_made_once_a_minute_and_many_odds_cost_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    event = make_full_event()
    entries = [make_entry(event) for _ in range(4)]
    now = datetime.now(UTC)
    outlook_of(event, now=now)
    with django_assert_num_queries(0):
        outlook_of(event, now=now)
    with django_assert_num_queries(2):
        prospects_of(entries, now=now)
    assert event.pk in asking_module._outlooks


@pytest.mark.django_db
def test_days_are_counted_until_the_event_begins() -> None:
    event = make_event()
    assert days_left(event, event.starts_at - timedelta(hours=12)) == pytest.approx(0.5)


# --- In words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (Interval(0.41, 0.5, 0.58), "Possible, 40% to 60%"),
        (Interval(0.4, 0.7, 0.9), "Likely, 40% to 90%"),
        (Interval(0.0, 0.02, 0.08), "Very unlikely, less than 10%"),
        (Interval(0.03, 0.3, 0.55), "Unlikely, up to 60%"),
        (Interval(0.93, 0.97, 0.99), "Very likely, more than 90%"),
        (Interval(0.75, 0.92, 0.97), "Very likely, 70% to 100%"),
    ],
)
def test_a_chance_is_a_word_and_a_range_in_tens(chance: Interval, words: str) -> None:
    assert chance_words(chance) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ((0.2, 0.5, 0.9), "up to 1 hour"),
        ((3.4, 5, 11.2), "3 to 12 hours"),
        ((20, 40, 100), "up to 5 days"),
        ((50, 90, 118), "2 to 5 days"),
        ((24 * 8, 24 * 14, 24 * 30), "1 to 5 weeks"),
    ],
)
def test_a_wait_is_a_range_of_whole_units(hours: tuple[float, float, float], words: str) -> None:
    assert wait_words(Interval(*(3600 * hour for hour in hours))) == words
