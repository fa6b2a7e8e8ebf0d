"""Shapes of people and tokens in the API."""

from typing import Any

from rest_framework import serializers

from evently.accounts.models import User
from evently.api.fields import Line, Shape, Text

MIN_PASSWORD, MAX_PASSWORD = 8, 128
MAX_TOKEN = 4096


class Email(Text, serializers.EmailField):
    """An address that is a text; kept in lower case."""


class UserOut(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "name", "date_joined")
        read_only_fields = fields


class Registration(Shape):
    email = Email(max_length=254)
    password = Text(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        trim_whitespace=False,
        help_text="Not only digits, not a common one, not like the name or the address.",
    )
    name = Line(max_length=150, allow_blank=True, default="")


class Credentials(Shape):
    email = Text(max_length=254)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)


class Profile(Shape):
    name = Line(max_length=150, required=False)


class RefreshIn(Shape):
    refresh = Text(max_length=MAX_TOKEN)


class TokenPairOut(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Works once, for /auth/refresh.")
    user = UserOut()
