"""The OpenAPI document: complete, committed, and true to the views."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient
from yaml import safe_load

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


def test_the_committed_document_is_up_to_date(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)
    assert fresh.read_text() == COMMITTED.read_text(), "docs/openapi.yaml is old: make openapi"


def test_the_served_document_is_the_committed_one(api: APIClient, document: Any) -> None:
    answer = api.get(reverse("schema"), headers={"Accept": "application/yaml"})
    assert answer.status_code == 200
    assert safe_load(answer.content) == document


def test_every_operation_says_how_it_refuses(document: Any) -> None:
    for name, operation in operations(document).items():
        refusals = {int(status) for status in operation["responses"] if int(status) >= 400}
        assert refusals >= {406, 429, 503}, name
        for status in refusals:
            content = operation["responses"][str(status)]["content"]
            assert list(content) == ["application/problem+json"], name
            assert content["application/problem+json"]["examples"], name
        assert operation.get("description"), name


def test_the_document_names_what_a_booking_is_refused_for(document: Any) -> None:
    conflicts = document["paths"]["/api/v1/bookings"]["post"]["responses"]["409"]
    codes = set(conflicts["content"]["application/problem+json"]["examples"])
    assert codes == {"sold-out", "already-booked", "booking-in-progress", "event-closed"}
