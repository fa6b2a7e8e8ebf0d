"""Problem answers in the OpenAPI document: a schema for each code, with the types of its facts."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from evently.api.problem import CONTENT_TYPE, FRAMEWORK, STATUS
from evently.errors import Fact, Refusal

BASE = {
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
    },
}
HEADERS = {
    "RateLimit-Limit": {
        "description": "How many requests a minute the limit allows that is closest to used up.",
        "schema": {"type": "integer", "example": 300},
    },
    "RateLimit-Remaining": {
        "description": "How many requests are left of it now.",
        "schema": {"type": "integer", "example": 299},
    },
    "RateLimit-Reset": {
        "description": "Seconds until the window of this limit ends.",
        "schema": {"type": "integer", "example": 60},
    },
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "integer", "example": 2},
    },
    "WWW-Authenticate": {
        "description": "Which form of authentication is taken.",
        "schema": {"type": "string", "example": 'Bearer realm="Evently"'},
    },
}


def header_refs(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


RATE_LIMIT_HEADERS = header_refs("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


class Said(NamedTuple):
    """One way to refuse."""

    status: int
    code: str
    title: str
    facts: Mapping[str, Fact] = {}


def framework_says(status: int) -> Said:
    code, title = FRAMEWORK[status]
    return Said(status, code, str(title))


def domain_says(refusal: type[Refusal]) -> Said:
    return Said(
        STATUS[refusal.kind], refusal.code, str(refusal.title), facts=refusal.declared_facts
    )


def register_components(registry: ComponentRegistry, refusals: Iterable[Said]) -> None:
    """Put into the document what the answers of `problem_answers` refer to."""
    for name, header in HEADERS.items():
        _register(registry, name, ResolvedComponent.HEADER, header)
    _register(registry, "Problem", ResolvedComponent.SCHEMA, BASE)
    for said in refusals:
        _register(registry, _name_of(said.code), ResolvedComponent.SCHEMA, _schema_of(said))


def problem_answers(refusals: Iterable[Said]) -> dict[str, Any]:
    """The answers of one operation, by status."""
    by_status = sorted(refusals, key=attrgetter("status"))
    return {
        str(status): _answer(status, list(said))
        for status, said in groupby(by_status, key=attrgetter("status"))
    }


def _register(registry: ComponentRegistry, name: str, kind: str, schema: Any) -> None:
    registry.register_on_missing(ResolvedComponent(name, kind, schema, object=name))


def _answer(status: int, refusals: list[Said]) -> dict[str, Any]:
    titles = {said.code: said for said in refusals}
    schemas = [{"$ref": f"#/components/schemas/{_name_of(code)}"} for code in titles]
    answer = {
        "description": "\n".join(f"- `{said.code}`: {said.title}" for said in refusals),
        "content": {
            CONTENT_TYPE: {
                "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas},
                "examples": {code: _example(said) for code, said in titles.items()},
            }
        },
    }
    headers = _headers(status, refusals)
    return {**answer, "headers": headers} if headers else answer


def _headers(status: int, refusals: list[Said]) -> dict[str, Any]:
    """Those that `evently.api.problem.problem_headers` sends."""
    if status in {429, 503} or any("retry_after_seconds" in said.facts for said in refusals):
        return header_refs("Retry-After")
    return header_refs("WWW-Authenticate") if status == 401 else {}


def _schema_of(said: Said) -> dict[str, Any]:
    facts = {
        name: {**fact.schema, "description": fact.description} for name, fact in said.facts.items()
    }
    own: dict[str, Any] = {
        "type": "object",
        "properties": {"code": {"type": "string", "const": said.code}, **facts},
    }
    if required := [name for name, fact in said.facts.items() if fact.is_always_there]:
        own["required"] = required
    return {"allOf": [{"$ref": "#/components/schemas/Problem"}, own]}


def _example(said: Said) -> dict[str, Any]:
    value = {
        "type": f"urn:evently:problem:{said.code}",
        "title": said.title,
        "status": said.status,
        "detail": said.title,
        "code": said.code,
        **{name: fact.example for name, fact in said.facts.items()},
    }
    return {"summary": said.title, "value": value}


def _name_of(code: str) -> str:
    """`sold-out` is a `SoldOutProblem`."""
    return "".join(word.capitalize() for word in code.split("-")) + "Problem"
