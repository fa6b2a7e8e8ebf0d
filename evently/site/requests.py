"""Requests as Django sees them."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """A request whose address is in UTF-8, whatever charset its Content-Type names for the body.

    Django decodes the address in that charset and breaks, before any handler of errors, when it
    is none for texts: `application/json; charset=base64`.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(
            meta.get("CONTENT_TYPE", "")
        )
