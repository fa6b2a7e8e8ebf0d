"""The OpenAPI document: what every operation has in common, above all the ways it may say no."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.serializers import EmailField

from evently.api.authentication import CsrfRefused
from evently.api.fields import AMOUNT, Amount, Shape, Text
from evently.api.problem import CONTENT_TYPE, FRAMEWORK, STATUS, TOKEN_REFUSED
from evently.api.repeats import KEY, Repeats
from evently.errors import Busy, Invalid, NotFound, Refusal
from evently.idempotency.errors import IdempotencyMismatch, RequestInProgress
from evently.server.refusals import TITLES

View = TypeVar("View")
Said = tuple[int, str, str]  # status, code, title

# Refusals that say: not yet. They come with Retry-After.
UNDER_WAY = {"request-in-progress", "booking-in-progress"}

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details. Further members are facts about the refusal.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "urn:evently:problem:not-found"},
        "title": {"type": "string", "description": "The same for every problem of this code."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong here, and what helps."},
        "code": {"type": "string", "description": "Stable; never renamed."},
        "request_id": {
            "type": "string",
            "description": "As in the header X-Request-ID and in our logs: quote it when you ask.",
        },
        "errors": {
            "type": "object",
            "description": "For the code `invalid`: sentences for each field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "additionalProperties": True,
}

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
    """Adds problem answers: those that follow from an operation's form, and those of `@refuses`."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            self._register_problem()
            said = defaultdict(list)
            for status, code, title in dict.fromkeys(self._problems(operation)):
                said[status].append((code, title))
            for status in sorted(said):
                operation["responses"][str(status)] = _answer(status, said[status])
            if self._repeats() is Repeats.ARE_DONE_AGAIN:
                operation["description"] += f"\n\n{KEY_IS_IGNORED}"
        return operation

    def get_override_parameters(self) -> list[Any]:
        own: list[Any] = super().get_override_parameters()
        if self._keeps_answers():
            own = [*own, IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED]
        return own

    def _repeats(self) -> Repeats | None:
        return getattr(self.view, "repeats", None) if self.method == "POST" else None

    def _keeps_answers(self) -> bool:
        return self._repeats() not in {None, Repeats.ARE_DONE_AGAIN}

    def get_operation_id(self) -> str:
        """Method and view: `post_cancel_event`."""
        name = type(self.view).__name__.removesuffix("View")
        return self.method.lower() + re.sub("[A-Z]", lambda at: f"_{at[0].lower()}", name)

    def _register_problem(self) -> None:
        self.registry.register_on_missing(
            ResolvedComponent(
                name="Problem",
                type=ResolvedComponent.SCHEMA,
                schema=PROBLEM_SCHEMA,
                object="Problem",
            )
        )

    def _problems(self, operation: dict[str, Any]) -> Iterator[Said]:
        """What this operation may refuse with; 405, 411 and 500 are left to the protocol."""
        places = {parameter["in"] for parameter in operation.get("parameters", ())}
        has_body = "requestBody" in operation
        knows_callers = bool(self.view.authentication_classes)
        repeats = self._repeats()
        of_its_form: list[tuple[bool, list[Said]]] = [
            (has_body, [*map(_framework, (400, 413, 415))]),
            (has_body or bool(places & {"query", "header"}), [_domain(Invalid)]),
            (knows_callers, [_framework(401), (401, "token-refused", str(TOKEN_REFUSED))]),
            (knows_callers and self.method not in SAFE_METHODS, [_domain(CsrfRefused)]),
            ("query" in places, [(414, *TITLES[414])]),
            ("path" in places, [_domain(NotFound)]),
            (self._keeps_answers(), [_domain(IdempotencyMismatch)]),
            (repeats is Repeats.ARE_ANSWERED_AGAIN, [_domain(RequestInProgress)]),
        ]
        for applies, said in of_its_form:
            yield from said if applies else ()
        handler = getattr(self.view, self.method.lower())
        yield from map(_domain, getattr(handler, "refuses", ()))
        yield from (_framework(406), _framework(429), _domain(Busy))


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


def _framework(status: int) -> Said:
    code, title = FRAMEWORK[status]
    return status, code, str(title)


def _domain(refusal: type[Refusal]) -> Said:
    return STATUS[refusal.kind], refusal.code, str(refusal.title)


def _answer(status: int, said: list[tuple[str, str]]) -> dict[str, Any]:
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {code: _example(status, code, title) for code, title in said},
    }
    answer: dict[str, Any] = {
        "description": "\n".join(f"- `{code}`: {title}" for code, title in said),
        "content": {CONTENT_TYPE: content},
    }
    if status in {429, 503} or UNDER_WAY & {code for code, _ in said}:
        answer["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        }
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return answer


def _example(status: int, code: str, title: str) -> dict[str, Any]:
    problem = {
        "type": f"urn:evently:problem:{code}",
        "title": title,
        "status": status,
        "detail": title,
        "code": code,
    }
    return {"summary": title, "value": problem}
