"""The API's own description."""

from hashlib import blake2b
from threading import Lock
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class Document(NamedTuple):
    body: bytes
    etag: str


# The tag is compared last: a packed answer has a weak one.
@method_decorator([conditional_page, gzip_page], name="dispatch")
class DocumentView(SpectacularAPIView):
    """The OpenAPI document, made once in each process for each language and format, and kept.

    For one caller at a time: its library loads its extensions when they are first needed, in a way
    that two threads at once break (drf-spectacular 0.30, `OpenApiGeneratorExtension._load_class`):
    the second got a 500.
    """

    _turn = Lock()
    _made: dict[tuple[str | None, str], Document] = {}

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        wanted = (get_language(), renderer.media_type)
        with self._turn:
            if wanted not in self._made:
                self._made[wanted] = self._make(renderer)
        document = self._made[wanted]
        content_type = renderer.media_type
        if renderer.charset:
            content_type += f"; charset={renderer.charset}"
        headers = {"ETag": document.etag, "Cache-Control": "private, no-cache"}
        return HttpResponse(document.body, content_type=content_type, headers=headers)

    def _make(self, renderer: Any) -> Document:
        body = renderer.render(self.generator_class().get_schema(public=True))
        return Document(body, etag=f'"{blake2b(body, digest_size=12).hexdigest()}"')
