"""Makers of notices and deliveries."""

from datetime import UTC, datetime

from evently.accounts.models import User
from evently.transactions import unit_of_work
from notifications.delivery import plan_deliveries
from notifications.models import Delivery, Kind, Notice
from notifications.writing import Telling, write_notices
from tests.makers import make_user, make_users


def welcome(people: list[User]) -> None:
    """A notice for each that needs no other row."""
    with unit_of_work():
        write_notices(
            Kind.WELCOME,
            [Telling(user_id=person.pk, event_id=None, about=person.pk) for person in people],
        )


def due_deliveries(number: int) -> list[Delivery]:
    """Mails to as many people, planned and due."""
    welcome(make_users(number))
    while plan_deliveries(now=datetime.now(UTC)):
        pass
    return list(Delivery.objects.order_by("due_at", "id"))


def due_delivery(user: User | None = None) -> Delivery:
    """One mail, planned and due."""
    person = user or make_user()
    welcome([person])
    plan_deliveries(now=datetime.now(UTC))
    return Delivery.objects.get(notice__user=person)


def state_of(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).status


def notice_of(user: User, kind: Kind) -> Notice:
    return Notice.objects.get(user=user, kind=kind)
