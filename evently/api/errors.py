"""What the API itself refuses, before a use case is called."""

from rest_framework.exceptions import APIException


class ContentTooLarge(APIException):
    status_code = 413
    default_code = "content-too-large"
