"""What every operation of the OpenAPI document has: the problems it may answer with."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from evently.api.problem import CONTENT_TYPE

View = TypeVar("View")

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details. Further members are facts about the refusal.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; never renamed."},
        "errors": {
            "type": "object",
            "description": "For the code `invalid`: sentences for each field.",
            "additionalProperties": True,
        },
    },
    "additionalProperties": True,
}
MEANING = {
    400: "invalid or malformed",
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict; the code says which",
    412: "stale",
    415: "unsupported-media-type",
    422: "idempotency-mismatch",
    428: "if-match-missing",
    429: "rate-limited",
    503: "busy",
}
# What any operation may answer with.
EVERYWHERE = {400, 404, 406, 429, 503}


def refuses(*statuses: int) -> Callable[[View], View]:
    """Say which further problems a view's method may answer with."""

    def mark(method: View) -> View:
        method.refuses = set(statuses)  # type: ignore[attr-defined]
        return method

    return mark


class ProblemAutoSchema(AutoSchema):
    """Adds problem answers: those of any operation, and those named with `@refuses`."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            self.registry.register_on_missing(
                ResolvedComponent(
                    name="Problem",
                    type=ResolvedComponent.SCHEMA,
                    schema=PROBLEM_SCHEMA,
                    object="Problem",
                )
            )
            for status in sorted(self._problems(operation)):
                operation["responses"].setdefault(str(status), _answer(status))
        return operation

    def _problems(self, operation: dict[str, Any]) -> set[int]:
        handler = getattr(self.view, self.method.lower())
        problems = EVERYWHERE | getattr(handler, "refuses", set())
        if "requestBody" in operation:
            problems = problems | {415}
        # An anonymous call is always possible where {} is among the ways to log in; a bad token
        # is refused everywhere.
        return problems | {401, 403}


def _answer(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    answer: dict[str, Any] = {
        "description": MEANING[status],
        "content": {CONTENT_TYPE: {"schema": schema}},
    }
    if status in {429, 503}:
        answer["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        }
    return answer
