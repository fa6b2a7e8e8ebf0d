"""Shapes of people and tokens in the API."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from evently.accounts.models import User
from evently.accounts.validators import validate_name
from evently.addresses import normal_address
from evently.api.examples import example, example_of
from evently.api.fields import Line, Shape, Text

MIN_PASSWORD, MAX_PASSWORD = settings.MIN_PASSWORD, 128
MAX_TOKEN = 4096
# The beginning of a token in the examples.
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTk5YzJiMSJ9"  # noqa: S105


class Email(Text, serializers.EmailField):
    """An address that mail can be sent to, in the spelling in which it is stored."""

    def to_internal_value(self, data: Any) -> str:
        return normal_address(super().to_internal_value(data))


@example(
    "Ada",
    {
        "id": "0199c2b1-7d40-7a95-8e13-5b0c9f4a2d71",
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada",
        "date_joined": "2026-10-08T15:04:05.123456Z",
    },
)
class UserOut(serializers.ModelSerializer[User]):
    email_verified = serializers.BooleanField(
        source="is_verified",
        read_only=True,
        help_text="Whether the person has followed the link that was mailed to the address.",
    )

    class Meta:
        model = User
        fields = ("id", "email", "email_verified", "name", "date_joined")
        read_only_fields = fields


@example(
    "A newcomer",
    {"email": "ada@example.com", "password": "a long and rare phrase", "name": "Ada"},
)
class Registration(Shape):
    email = Email(max_length=254)
    password = Text(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        trim_whitespace=False,
        help_text="Not only digits, not a common one, without the name, the address or the "
        "name of the site in it.",
    )
    name = Line(
        max_length=150,
        allow_blank=True,
        default="",
        validators=[validate_name],
        help_text="Without a link in it.",
    )


@example("Ada", {"email": "ada@example.com", "password": "a long and rare phrase"})
class Credentials(Shape):
    email = Text(max_length=254)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)
    device = Text(
        max_length=MAX_TOKEN,
        required=False,
        help_text="What the last log-in gave as `device`. With it, wrong passwords that strangers "
        "try cannot keep this program out.",
    )


@example("A new name", {"name": "Ada Lovelace"})
class Profile(Shape):
    name = Line(max_length=150, required=False, validators=[validate_name])


@example("The token of the last answer", {"refresh": f"{TOKEN}.cmVmcmVzaA"})
class RefreshIn(Shape):
    refresh = Text(max_length=MAX_TOKEN)


@example("From the link", {"token": "eyJ1c2VyIjoiYWRhIn0:1wKxYz:3n2Vb8Qm0aXc"})
class Confirmation(Shape):
    token = Text(max_length=MAX_TOKEN, help_text="The last part of the link that was mailed.")


@example(
    "A new pair",
    {
        "access": f"{TOKEN}.YWNjZXNz",
        "refresh": f"{TOKEN}.cmVmcmVzaA",
        "user": example_of(UserOut),
    },
)
class TokenPairOut(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Works once, for /auth/refresh.")
    user = UserOut()


@example(
    "Logged in",
    {**example_of(TokenPairOut), "device": "eyJpZCI6IjdmM2UiLCJmb3IiOlsiYWRhIl19:1wKxYz:8Kd0"},
)
class LoginOut(TokenPairOut):
    device = serializers.CharField(
        help_text="Send it with the next log-in. It opens nothing by itself."
    )
