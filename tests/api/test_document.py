"""The OpenAPI document: complete, committed, and true to the views."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient
from yaml import safe_load

from evently.api.document import DocumentView
from evently.errors import Refusal

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def document() -> Any:
    return safe_load(COMMITTED.read_text())


def operations(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def validator(document: Any, schema: Any) -> Any:
    """Of a part of the document."""
    whole = {**schema, "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def all_refusals(of: type[Refusal]) -> Iterator[type[Refusal]]:
    for refusal in of.__subclasses__():
        yield refusal
        yield from all_refusals(refusal)


def test_the_committed_document_is_up_to_date(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)
    assert fresh.read_text() == COMMITTED.read_text(), "docs/openapi.yaml is old: make openapi"


def test_the_served_document_is_the_committed_one(api: APIClient, document: Any) -> None:
    answer = api.get(reverse("schema"), headers={"Accept": "application/yaml"})
    assert answer.status_code == 200
    assert safe_load(answer.content) == document


@pytest.mark.parametrize("kind", ["application/yaml", "application/json"])
def test_whoever_takes_gzip_gets_the_document_packed(api: APIClient, kind: str) -> None:
    plain = api.get(reverse("schema"), headers={"Accept": kind})
    packed = api.get(reverse("schema"), headers={"Accept": kind, "Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 5
    for answer in (plain, packed):
        assert answer.headers["Content-Type"].startswith(kind)
        vary = {name.strip().lower() for name in answer.headers["Vary"].split(",")}
        assert vary >= {"accept", "accept-encoding", "accept-language"}


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_whoever_has_the_document_is_told_that_it_still_holds(
    api: APIClient, encoding: str
) -> None:
    headers = {"Accept-Encoding": encoding}
    first = api.get(reverse("schema"), headers=headers)
    tag = first.headers["ETag"]
    again = api.get(reverse("schema"), headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Vary"] == first.headers["Vary"]
    other = api.get(reverse("schema"), headers=headers | {"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_each_format_and_language_has_its_own_tag(api: APIClient) -> None:
    asked = [
        {"Accept": kind, "Accept-Language": language}
        for kind in ("application/yaml", "application/json")
        for language in ("en", "de")
    ]
    answers = [api.get(reverse("schema"), headers=headers) for headers in asked]
    assert len({answer.headers["ETag"] for answer in answers}) == len(asked)
    assert "Sie haben für diese Veranstaltung schon" in answers[3].content.decode()


def test_the_document_is_made_once(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    api.get(reverse("schema"))
    monkeypatch.setattr(DocumentView, "generator_class", None)
    assert api.get(reverse("schema")).status_code == 200


def test_every_operation_says_how_it_refuses(document: Any) -> None:
    for name, operation in operations(document).items():
        refusals = {int(status) for status in operation["responses"] if int(status) >= 400}
        assert refusals >= {406, 429, 503}, name
        for status in refusals:
            content = operation["responses"][str(status)]["content"]
            assert list(content) == ["application/problem+json"], name
            assert content["application/problem+json"]["examples"], name


@pytest.mark.parametrize("word", ["summary", "description"])
def test_every_operation_says_what_it_does(document: Any, word: str) -> None:
    texts = [operation[word] for operation in operations(document).values()]
    assert all(texts)
    if word == "summary":
        assert max(map(len, texts)) <= 70
        assert not [text for text in texts if text.endswith(".")]


def test_every_body_and_every_answer_has_examples_that_fit(document: Any) -> None:
    for name, operation in operations(document).items():
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        contents += [answer.get("content", {}) for answer in operation["responses"].values()]
        for content in contents:
            for kind, body in content.items():
                assert body["examples"], name
                fits = validator(document, body["schema"])
                for example in body["examples"].values():
                    assert not [*map(str, fits.iter_errors(example["value"]))], (name, kind)


def test_a_refusals_facts_have_types(document: Any) -> None:
    refused = document["paths"]["/api/v1/bookings"]["post"]["responses"]["409"]["content"]
    answer = refused["application/problem+json"]
    sold_out = answer["examples"]["sold-out"]["value"]
    fits = validator(document, answer["schema"])
    assert fits.is_valid(sold_out)
    assert not fits.is_valid(sold_out | {"available_seats": "one"})
    assert not fits.is_valid({name: sold_out[name] for name in sold_out if name != "waitlist"})
    assert not fits.is_valid(sold_out | {"code": "stale"})


def test_refusals_of_one_code_declare_the_same_facts() -> None:
    declared: dict[str, Any] = {}
    for refusal in all_refusals(Refusal):
        facts = declared.setdefault(refusal.code, refusal.declared_facts)
        assert refusal.declared_facts == facts, refusal
    assert len(declared) > 30


def test_answers_say_how_much_of_the_limit_is_left(document: Any) -> None:
    """`tests.gateway.test_limits` holds the gateway to the same names."""
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            if int(status) < 300 or status == "429":
                assert answer["headers"].keys() >= {
                    "RateLimit-Limit",
                    "RateLimit-Remaining",
                    "RateLimit-Reset",
                }, name
        assert "Retry-After" in operation["responses"]["429"]["headers"]


def test_the_document_names_what_a_booking_is_refused_for(document: Any) -> None:
    conflicts = document["paths"]["/api/v1/bookings"]["post"]["responses"]["409"]
    codes = set(conflicts["content"]["application/problem+json"]["examples"])
    assert codes == {"sold-out", "already-booked", "booking-in-progress", "event-closed"}
