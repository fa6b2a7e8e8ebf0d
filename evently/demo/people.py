"""The demo's people: three who can log in, the teams, and everybody who bought a ticket."""

import unicodedata
from collections.abc import Sequence
from itertools import product
from random import Random

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from evently.accounts.models import User

ADMIN = "admin@evently.example"
ORGANISER = "organiser@evently.example"
VISITOR = "visitor@evently.example"
LOGINS = (ADMIN, ORGANISER, VISITOR)
TEAM_DOMAIN = "team.evently.example"
GUEST_DOMAIN = "guests.evently.example"

FIRST_NAMES = """
Aaliyah Adam Aiko Alma Amara Anton Aylin Bela Carla Chiara Daniel Dario Edda Eilidh Elif Emil
Farid Felix Fiona Gabriel Greta Hana Hugo Ilse Imran Iris Jakub Jasmin Joao Jonas Kaito Karim
Katja Leila Levi Lin Luca Magda Mai Malik Marta Mateo Mina Nadia Naoki Nils Nora Olga Omar Paula
Pavel Rania Ravi Rosa Sam Selma Simon Stella Tariq Thea Tom Uma Vera Wanda Yara Yusuf Zoe
"""
LAST_NAMES = """
Abel Andrade Arden Bauer Becker Bianchi Blum Brandt Castell Chen Cole Costa Dahl Demir Dietz
Ekberg Farrow Fischer Fontana Garcia Grant Haas Hale Hansen Hayashi Ito Jansen Kaya Keller Khan
Kim Kowal Lang Larsen Lind Lopes Marsh Mehta Meyer Mori Nakata Novak Okafor Olsen Ortiz Park
Petit Quinn Rao Reyes Rossi Sato Silva Singh Stone Tanaka Vance Weber Wells Yilmaz Zeller
"""


def make_logins(*, password: str) -> dict[str, User]:
    """The admin, an organiser and a visitor, by address; those who exist are left as they are."""
    secret = make_password(password)
    names = {ADMIN: "Ada Admin", ORGANISER: "Olga Organiser", VISITOR: "Vic Visitor"}
    return {
        email: User.objects.get_or_create(
            email=email,
            defaults={
                "name": name,
                "password": secret,
                "email_verified_at": timezone.now(),
                "is_staff": email == ADMIN,
                "is_superuser": email == ADMIN,
            },
        )[0]
        for email, name in names.items()
    }


def make_team(names: Sequence[str]) -> list[User]:
    """The people of one organiser, who cannot log in until they set a password."""
    return _make_people(names, domain=TEAM_DOMAIN)


def make_guests(number: int, *, rng: Random) -> list[User]:
    """Buyers, who cannot log in until they set a password."""
    pairs = rng.sample(list(product(FIRST_NAMES.split(), LAST_NAMES.split())), number)
    return _make_people([f"{first} {last}" for first, last in pairs], domain=GUEST_DOMAIN)


def _make_people(names: Sequence[str], *, domain: str) -> list[User]:
    return User.objects.bulk_create(
        User(
            name=name,
            email=f"{_plain(name)}@{domain}",
            email_verified_at=timezone.now(),
            password=make_password(None),
        )
        for name in names
    )


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.lower().replace(" ", ".").replace("'", "")
