"""The API's own description."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response


class DocumentView(SpectacularAPIView):
    """The OpenAPI document, made for one caller at a time.

    Its library loads its extensions when they are first needed, in a way that two threads at once
    break (drf-spectacular 0.30, `OpenApiGeneratorExtension._load_class`): the second got a 500.
    """

    _turn = Lock()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        make: Callable[..., Response] = super().get
        with self._turn:
            return make(request, *args, **kwargs)
