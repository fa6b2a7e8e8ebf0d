"""Mails: what they say, in whose language, what is attached, and what their links do."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from icalendar import Calendar

from bookings.models import Booking
from bookings.services import cancel_booking
from evently.accounts.models import User
from events.models import Event
from notifications.mail_look import STYLES
from notifications.models import Broadcast, Kind, Notice
from notifications.rendering import Mail, render, write
from notifications.samples import sample_letter
from notifications.wording import MAILED, OPTIONAL
from tests.makers import make_booking, make_event, make_user, mark_paid
from tests.waitlist.people import cancel_one, make_entry, make_full_event, offer_of

pytestmark = pytest.mark.django_db(transaction=True)

SHOW = datetime(2031, 6, 1, 18, tzinfo=UTC)
LANGUAGES = ("en", "de")
VOID = {"meta", "img", "br"}


def notice_of(user: User, kind: Kind, language: str = "en", **fields: Any) -> Notice:
    """The person's notice of this kind: the one that a scribe wrote, or a new one."""
    found = Notice.objects.filter(user=user, kind=kind).first() or Notice(
        user=user, kind=kind, created_at=datetime.now(UTC), about=uuid4(), **fields
    )
    found.language = language
    found.save()
    return found


def booked(language: str = "en", **fields: Any) -> tuple[Mail, Booking]:
    event = make_event(name="Late Jazz", starts_at=SHOW, price=Decimal("12.50"), **fields)
    booking = make_booking(event, make_user("Ada"), quantity=2)
    return render(notice_of(booking.user, Kind.BOOKING_CONFIRMED, language)), booking


class Checker(HTMLParser):
    """Fails on elements that are not closed in order, and collects links and pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [values["href"] or ""] if tag == "a" else []
        self.pictures += [values["src"] or ""] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MAILED)
def test_every_mail_is_whole_in_text_and_html(kind: Kind, language: str) -> None:
    mail = write(sample_letter(kind, language))
    page = Checker(mail.html)
    names = [file.name for file in mail.attachments]
    assert f'<html lang="{language}"' in mail.html
    assert 'name="color-scheme"' in mail.html
    assert all(picture.removeprefix("cid:") in names for picture in page.pictures)
    assert all(urlsplit(link).scheme for link in page.links)
    assert "\n\n\n" not in mail.text
    assert "<" not in mail.text
    assert all(link.partition("#")[0] in mail.text for link in page.links)


@pytest.mark.parametrize("kind", MAILED)
def test_every_class_has_its_styles_in_the_element_itself(kind: Kind) -> None:
    html = write(sample_letter(kind, "en")).html
    body = html[html.index("<body") :]
    named = re.findall(r'class="([^"]*)"(?: style="([^"]*)")?', body)
    assert named
    for names, style in named:
        assert all(STYLES[name] in style for name in names.split())


def test_a_confirmation_says_what_was_booked_and_when_on_the_events_clocks() -> None:
    mail, booking = booked()
    assert mail.subject == "Booked: Late Jazz"
    for words in (
        "Sunday, June 1, 2031",
        "8:00\N{NARROW NO-BREAK SPACE}PM",
        "Berlin time",
        "€25.00",
    ):
        assert words in mail.text
        assert words in mail.html
    assert booking.reference in mail.text
    assert "Hello Ada" in mail.text
    assert "Payment: Pay €25.00 at the door" in mail.text


def test_a_mail_speaks_the_language_of_its_notice_whatever_the_worker_speaks() -> None:
    mail, _ = booked("de")
    assert "Sonntag, 1. Juni 2031" in mail.text
    assert "25,00\N{NO-BREAK SPACE}€" in mail.html


def test_a_confirmation_brings_the_calendar_file_and_the_code_that_its_html_shows() -> None:
    mail, booking = booked()
    files = {file.media_type: file for file in mail.attachments}
    (entry,) = Calendar.from_ical(files["text/calendar"].content).walk("VEVENT")
    assert entry["STATUS"] == "CONFIRMED"
    assert booking.reference in str(entry["DESCRIPTION"])
    assert files["image/png"].content.startswith(b"\x89PNG")
    assert f"cid:{files['image/png'].name}" in mail.html


def test_a_cancellation_takes_the_date_out_of_the_calendar_and_names_the_refund() -> None:
    _, booking = booked()
    mark_paid(booking)
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    mail = render(notice_of(booking.user, Kind.BOOKING_CANCELLED))
    (file,) = mail.attachments
    assert (file.media_type, file.method) == ("text/calendar", "CANCEL")
    assert b"STATUS:CANCELLED" in file.content
    assert "€25.00 will be refunded." in mail.text
    assert "Your booking is cancelled" in mail.text


def test_a_cancellation_of_a_booking_that_nobody_paid_names_no_refund() -> None:
    booking = make_booking(make_event(price=Decimal(25)))
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    assert "refunded" not in render(notice_of(booking.user, Kind.BOOKING_CANCELLED)).text


def test_who_loses_a_booking_because_the_event_is_off_is_told_so() -> None:
    _, booking = booked()
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    Event.objects.update(status=Event.Status.CANCELLED)
    mail = render(notice_of(booking.user, Kind.BOOKING_CANCELLED))
    assert "called the event off" in mail.text


def test_who_joined_a_waitlist_reads_wish_and_place() -> None:
    event, user = make_full_event(capacity=3), make_user()
    make_entry(event)
    make_entry(event, user, 2, part_is_fine=True)
    text = render(notice_of(user, Kind.WAITLIST_JOINED)).text
    assert "2 seats, or a part of them" in text
    assert "Your place now: 2" in text


def test_a_place_that_is_none_any_more_is_not_named() -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    cancel_one(event)
    assert "Your place now" not in render(notice_of(user, Kind.WAITLIST_JOINED)).text


def test_an_offer_names_price_and_deadline_and_its_links_lead_to_its_page() -> None:
    event, user = make_full_event(price=Decimal("12.50")), make_user()
    entry = make_entry(event, user)
    cancel_one(event)
    offer = offer_of(entry)
    mail = render(notice_of(user, Kind.WAITLIST_OFFER))
    deadline = offer.expires_at.astimezone().strftime("%Y")
    assert "kept for you until" in mail.text
    assert deadline in mail.text
    assert "Berlin time" in mail.text
    assert "€12.50" in mail.text
    links = [link for link in Checker(mail.html).links if "/waitlist/offers/" in link]
    assert len({link.partition("#")[0] for link in links}) == 1
    assert [link.partition("#")[2] for link in links] == ["", "decline"]


def test_to_open_the_links_of_a_mail_changes_nothing() -> None:
    event, user = make_full_event(), make_user()
    entry = make_entry(event, user)
    cancel_one(event)
    client = Client()
    client.force_login(user)
    for link in Checker(render(notice_of(user, Kind.WAITLIST_OFFER)).html).links:
        assert client.get(urlsplit(link).path).status_code == 200
    assert offer_of(entry).status == "open"


def test_a_reminder_brings_the_ticket_along() -> None:
    mail, booking = booked()
    mail = render(notice_of(booking.user, Kind.EVENT_REMINDER, event=booking.event))
    assert mail.subject == "Coming up: Late Jazz"
    assert booking.reference in mail.html
    assert [file.media_type for file in mail.attachments] == ["image/png"]


def test_a_reminder_of_what_was_cancelled_meanwhile_is_still_a_mail() -> None:
    _, booking = booked()
    cancel_booking(reference=booking.reference, by=booking.user, now=datetime.now(UTC))
    mail = render(notice_of(booking.user, Kind.EVENT_REMINDER, event=booking.event))
    assert mail.attachments == ()
    assert booking.reference not in mail.text


def test_an_organisers_words_are_shown_as_they_are_and_never_as_html() -> None:
    user, event = make_user(), make_event()
    broadcast = Broadcast.objects.create(
        event=event,
        by=user,
        audience=Broadcast.Audience.BOTH,
        subject="Doors\r\nBcc: all@example.com",
        body="First <b>bold</b>\n\nSecond & last",
        created_at=datetime.now(UTC),
    )
    notice = notice_of(user, Kind.BROADCAST, event=event)
    notice.about = broadcast.pk
    mail = render(notice)
    assert mail.subject == "Doors Bcc: all@example.com"
    assert "First &lt;b&gt;bold&lt;/b&gt;</p>" in mail.html
    assert "First <b>bold</b>\n\nSecond & last" in mail.text


def test_a_hostile_name_stays_a_text() -> None:
    event = make_event(name='</td><img src=x class="card x" onerror=alert(1)>')
    booking = make_booking(event, make_user("<script>alert(1)</script>"))
    html = render(notice_of(booking.user, Kind.BOOKING_CONFIRMED)).html
    assert "<script" not in html
    assert "<img src=x" not in html
    Checker(html)


@pytest.mark.parametrize("kind", MAILED)
def test_only_mails_that_nobody_needs_can_be_stopped_with_one_click(kind: Kind) -> None:
    headers = write(sample_letter(kind, "en")).headers
    if kind not in OPTIONAL:
        assert headers == {}
        return
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(
        r"<https?://\S+/notifications/unsubscribe/\S+/>", headers["List-Unsubscribe"]
    )


def test_a_mail_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    event, user = make_full_event(), make_user()
    make_entry(event, user)
    cancel_one(event)
    for kind in (Kind.WAITLIST_JOINED, Kind.WAITLIST_OFFER):
        notice = Notice.objects.select_related("user", "event").get(user=user, kind=kind)
        with django_assert_max_num_queries(2):
            render(notice)


def test_a_mail_stays_below_the_size_at_which_mail_programs_cut_it_off() -> None:
    assert all(len(write(sample_letter(kind, "de")).html) < 60_000 for kind in MAILED)
