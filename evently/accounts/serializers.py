"""Shapes of people and tokens in the API."""

from rest_framework import serializers

from evently.accounts.models import User


class UserOut(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "name", "date_joined")
        read_only_fields = fields


class Registration(serializers.Serializer[User]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)
    name = serializers.CharField(max_length=150, allow_blank=True, default="")


class Credentials(serializers.Serializer[User]):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)


class Profile(serializers.Serializer[User]):
    name = serializers.CharField(max_length=150)


class RefreshIn(serializers.Serializer[User]):
    refresh = serializers.CharField(max_length=4096)


class TokenPairOut(serializers.Serializer[User]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Works once, for /auth/refresh.")
    user = UserOut()
