"""Names that nobody knows, in addresses and bodies: refused at every door alike."""

import re
from typing import Any

import pytest
from rest_framework.test import APIClient
from yaml import CSafeLoader, load

from evently.ids import new_id, new_reference
from tests.api.shapes import assert_problem
from tests.api.test_document import COMMITTED
from tests.conftest import client_of
from tests.makers import make_user

pytestmark = pytest.mark.django_db

OPERATIONS = [
    (method.upper(), path)
    for path, methods in load(COMMITTED.read_text(), CSafeLoader)["paths"].items()
    for method in methods
]
CHANGES = [(method, path) for method, path in OPERATIONS if method != "GET"]


@pytest.fixture
def client() -> APIClient:
    """Of somebody who may do everything."""
    return client_of(make_user(is_staff=True, is_superuser=True))


def errors_of(
    client: APIClient, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    named = path.replace("{reference}", new_reference())
    named = re.sub(r"\{\w+\}", str(new_id()), named)
    answer = getattr(client, method.lower())(named, body)
    errors: dict[str, Any] = assert_problem(answer, 400, "invalid")["errors"]
    return errors


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_unknown_parameter_is_refused(client: APIClient, method: str, path: str) -> None:
    told = errors_of(client, method, f"{path}?nonsense=1")["nonsense"]
    assert told[0].startswith("There is no such field.")


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_an_unknown_field_is_refused(client: APIClient, method: str, path: str) -> None:
    told = errors_of(client, method, path, {"nonsense": 1})["nonsense"]
    assert told[0].startswith("There is no such field.")
