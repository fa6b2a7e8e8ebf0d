"""The OpenAPI document: what every operation has in common, above all the ways it may say no."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.serializers import EmailField

from evently.api.authentication import CsrfRefused
from evently.api.fields import AMOUNT, Amount, Shape, Text
from evently.api.problem import TOKEN_REFUSED
from evently.api.problem_schema import (
    RATE_LIMIT_HEADERS,
    Said,
    domain_says,
    framework_says,
    problem_answers,
    register_components,
)
from evently.api.repeats import KEY, Repeats
from evently.errors import Busy, Invalid, NotFound, RateLimited, Refusal
from evently.idempotency.errors import IdempotencyMismatch, RequestInProgress
from evently.server.refusals import TITLES

View = TypeVar("View")

LOCATION = OpenApiParameter(
    "Location",
    {"type": "string", "format": "uri-reference"},
    OpenApiParameter.HEADER,
    response=[201],
    description="Address of what was made.",
)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": KEY, "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="A text of your own, a new one for each thing that you want done. When an answer "
    "is lost, send the very same request with the same key: it is done once, and gets the first "
    "answer again, marked `Idempotent-Replayed: true`, for 24 hours.",
)
IDEMPOTENT_REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=True,
    description="The request was done before; this is its first answer, once more.",
)
KEY_IS_IGNORED = (
    "An Idempotency-Key is ignored here: answers with tokens are never kept, and keys belong to a "
    "person who is logged in."
)


def refuses(*refusals: type[Refusal]) -> Callable[[View], View]:
    """Say which refusals of its own a view's method may answer with."""

    def mark(method: View) -> View:
        method.refuses = refusals  # type: ignore[attr-defined]
        return method

    return mark


class ProblemAutoSchema(AutoSchema):
    """Adds problem answers: those that follow from an operation's form, and those of `@refuses`.

    The first sentence of a method's docstring is the operation's summary, the rest its description.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            said = list({one[:3]: one for one in self._problems(operation)}.values())
            register_components(self.registry, said)
            operation["responses"] |= problem_answers(said)
            for status, answer in operation["responses"].items():
                _complete(int(status), answer)
        return operation

    def get_summary(self) -> str:
        return self._words()[0].removesuffix(".")

    def get_description(self) -> str:  # type: ignore[override]  # as the library has it
        paragraphs = [self._words()[1]]
        if self._repeats() is Repeats.ARE_DONE_AGAIN:
            paragraphs.append(KEY_IS_IGNORED)
        return "\n\n".join(filter(None, paragraphs))

    def get_override_parameters(self) -> list[Any]:
        own: list[Any] = super().get_override_parameters()
        if self.method in SAFE_METHODS and (shape := self._takes()):
            own = [*own, shape]
        if self._keeps_answers():
            own = [*own, IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED]
        return own

    def get_request_serializer(self) -> Any:
        return None if self.method in SAFE_METHODS else self._takes()

    def get_operation_id(self) -> str:
        """Method and view: `post_cancel_event`."""
        name = type(self.view).__name__.removesuffix("View")
        return self.method.lower() + re.sub("[A-Z]", lambda at: f"_{at[0].lower()}", name)

    def _words(self) -> tuple[str, str]:
        first, _, rest = get_doc(getattr(self.view, self.method.lower())).partition("\n\n")
        return first, rest

    def _takes(self) -> type[Shape] | None:
        return getattr(getattr(self.view, self.method.lower()), "takes", None)

    def _repeats(self) -> Repeats | None:
        return getattr(self.view, "repeats", None) if self.method == "POST" else None

    def _keeps_answers(self) -> bool:
        return self._repeats() not in {None, Repeats.ARE_DONE_AGAIN}

    def _problems(self, operation: dict[str, Any]) -> Iterator[Said]:
        """What this operation may refuse with; 405 and 500 are left to the protocol."""
        places = {parameter["in"] for parameter in operation.get("parameters", ())}
        changes = self.method not in SAFE_METHODS
        knows_callers = bool(self.view.authentication_classes)
        repeats = self._repeats()
        of_its_form: list[tuple[bool, list[Said]]] = [
            (changes, [*map(framework_says, (400, 413, 415))]),
            (True, [domain_says(Invalid)]),
            (knows_callers, [framework_says(401), Said(401, "token-refused", str(TOKEN_REFUSED))]),
            (knows_callers and changes, [domain_says(CsrfRefused)]),
            ("query" in places, [Said(414, *TITLES[414])]),
            ("path" in places, [domain_says(NotFound)]),
            (self._keeps_answers(), [domain_says(IdempotencyMismatch)]),
            (repeats is Repeats.ARE_ANSWERED_AGAIN, [domain_says(RequestInProgress)]),
        ]
        for applies, said in of_its_form:
            yield from said if applies else ()
        handler = getattr(self.view, self.method.lower())
        yield from map(domain_says, getattr(handler, "refuses", ()))
        yield from (framework_says(406), domain_says(RateLimited), domain_says(Busy))


class ShapeExtension(OpenApiSerializerExtension):
    """Shapes take no other names than theirs."""

    target_class = Shape
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Any:
        schema = auto_schema._map_serializer(  # noqa: SLF001 (the protocol of extensions)
            self.target, direction, bypass_extensions=True
        )
        if schema.get("description") == Shape.__doc__:
            del schema["description"]
        fields = {name: _one_text(field) for name, field in schema["properties"].items()}
        return {**schema, "properties": fields, "additionalProperties": False}


class TextExtension(OpenApiSerializerFieldExtension):
    """Texts are without NUL, and not of blanks alone unless they may be empty."""

    target_class = Text
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> Any:
        field = self.target
        needs_ink = field.trim_whitespace and not field.allow_blank
        schema = {
            "type": "string",
            "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$" if needs_ink else r"^[^\u0000]*$",
            "minLength": field.min_length or (0 if field.allow_blank else 1),
            "maxLength": field.max_length,
        }
        return {**schema, "format": "email"} if isinstance(field, EmailField) else schema


class AmountExtension(OpenApiSerializerFieldExtension):
    target_class = Amount

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> Any:
        text = {"type": "string", "pattern": AMOUNT}
        number = {"type": "number", "minimum": 0, "maximum": 99999999.999}
        return {"anyOf": [text, number], "example": "12.50"}


def _one_text(schema: dict[str, Any]) -> dict[str, Any]:
    """A text that may be empty is one text, not a choice of two that both fit the empty one."""
    choices = schema.get("oneOf")
    if not choices or choices[-1] != {"type": "string", "maxLength": 0}:
        return schema
    return {name: value for name, value in schema.items() if name != "oneOf"} | dict(choices[0])


def _complete(status: int, answer: dict[str, Any]) -> None:
    """Adds what the library leaves empty: the status in words, and the headers of every answer."""
    answer["description"] = answer["description"] or f"{HTTPStatus(status).phrase}."
    if status < 300 or status == 429:
        answer.setdefault("headers", {}).update(RATE_LIMIT_HEADERS)
