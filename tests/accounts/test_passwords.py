"""Which passwords are refused, at every door that takes a new one."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pwned_passwords_django.api import PwnedPasswords
from pytest_django import Settings
from rest_framework.test import APIClient

from evently.accounts.models import User
from tests.api.shapes import assert_invalid
from tests.makers import PASSWORD, make_user

ADA = User(email="ada.lovelace@bluenote.example", name="Ada Lovelace Ng")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "a1b2c3d4e",
        "1234567890",
        "password123",
        "92837465019283",
        "evently tickets 2026",
        "my EVENTLY account!",
        "x9-lovelace-x9-q",
        "L\u00f3velace forever 3",
        "ada.lovelace@bluenote.example",
        "at the bluenote 2026",
        "this is ada speaking",
    ],
)
def test_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, ADA)


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "zq7!zq7!zq",
        "all lower case words",
        "\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801",
        "Canadas armadas stay",
        "x" * 40 + "y" * 60 + "zq7!",
    ],
)
def test_accepted(password: str) -> None:
    validate_password(password, ADA)


def test_the_name_of_the_site_is_that_of_its_address_too(settings: Settings) -> None:
    settings.SITE_URL = "https://www.greenhall.example"
    with pytest.raises(ValidationError, match="greenhall"):
        validate_password("greenhall 4 ever", ADA)


@pytest.mark.django_db
def test_every_door_refuses(api: APIClient) -> None:
    body = {"email": "ada@bluenote.example", "password": "at the bluenote 2026", "name": "Ada"}
    assert_invalid(api.post(reverse("register"), body), "password")
    form = {"name": "Ada", "email": body["email"], "password1": body["password"]}
    page = Client().post("/accounts/signup/", form)
    assert "must not contain" in page.content.decode()
    assert not User.objects.filter(email=body["email"]).exists()


@pytest.mark.django_db
def test_a_new_password_is_checked_like_a_first_one() -> None:
    user = make_user("Lovelace")
    client = Client()
    client.force_login(user)
    weak = "my lovelace password"
    form = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    assert "must not contain" in client.post("/accounts/password/change/", form).content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


# --- Breached passwords, where a network is -------------------------------------------------------

STOLEN = "quite long but stolen 7"


@pytest.fixture
def breaches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A stand-in for the service, which knows one password; what it was asked."""
    asked: list[str] = []
    digest = hashlib.sha1(STOLEN.encode()).hexdigest().upper()

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{digest[5:]}:42\r\n{'0' * 35}:0".encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/range/"
    monkeypatch.setattr(PwnedPasswords, "api_endpoint", url)
    settings.AUTH_PASSWORD_VALIDATORS = [
        *settings.AUTH_PASSWORD_VALIDATORS,
        {"NAME": "pwned_passwords_django.validators.PwnedPasswordsValidator"},
    ]
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stolen_password_is_refused_and_the_service_learns_five_signs_of_its_hash(
    breaches: list[str],
) -> None:
    with pytest.raises(ValidationError):
        validate_password(STOLEN, ADA)
    validate_password(PASSWORD, ADA)
    assert [len(path) for path in breaches] == [len("/range/") + 5] * 2


@pytest.mark.django_db
def test_without_a_network_people_register(
    api: APIClient, breaches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PwnedPasswords, "api_endpoint", "http://127.0.0.1:1/range/")
    body = {"email": "ada@example.com", "password": STOLEN, "name": "Ada"}
    assert api.post(reverse("register"), body).status_code == 201
