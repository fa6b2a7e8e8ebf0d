"""What the API itself refuses, before a use case is called."""

from rest_framework.exceptions import APIException


class LengthRequired(APIException):
    """A body sent in chunks: its end would have to be guessed."""

    status_code = 411
    default_code = "length-required"


class ContentTooLarge(APIException):
    status_code = 413
    default_code = "content-too-large"
