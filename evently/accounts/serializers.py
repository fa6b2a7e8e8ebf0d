"""Shapes of people and tokens in the API."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from evently.accounts.models import User
from evently.accounts.validators import validate_name
from evently.addresses import normal_address
from evently.api.fields import Line, Shape, Text

MIN_PASSWORD, MAX_PASSWORD = settings.MIN_PASSWORD, 128
MAX_TOKEN = 4096


class Email(Text, serializers.EmailField):
    """An address that mail can be sent to, in the spelling in which it is stored."""

    def to_internal_value(self, data: Any) -> str:
        return normal_address(super().to_internal_value(data))


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


class Credentials(Shape):
    email = Text(max_length=254)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)
    device = Text(
        max_length=MAX_TOKEN,
        required=False,
        help_text="What the last log-in gave as `device`. With it, wrong passwords that strangers "
        "try cannot keep this program out.",
    )


class Profile(Shape):
    name = Line(max_length=150, required=False, validators=[validate_name])


class RefreshIn(Shape):
    refresh = Text(max_length=MAX_TOKEN)


class Confirmation(Shape):
    token = Text(max_length=MAX_TOKEN, help_text="The last part of the link that was mailed.")


class TokenPairOut(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Works once, for /auth/refresh.")
    user = UserOut()


class LoginOut(TokenPairOut):
    device = serializers.CharField(
        help_text="Send it with the next log-in. It opens nothing by itself."
    )
