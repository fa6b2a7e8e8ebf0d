"""What every refusal of the API looks like."""

from typing import Any

MEMBERS = {"type", "title", "status", "detail", "code"}


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem document of this status and code; returns it."""
    assert answer.status_code == status, answer.content[:500]
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["type"] == f"urn:evently:problem:{code}"
    assert problem["detail"].strip()
    return problem


def assert_invalid(answer: Any, *fields: str) -> dict[str, Any]:
    """The answer names exactly these fields, each with sentences a person can read."""
    errors: dict[str, Any] = assert_problem(answer, 400, "invalid")["errors"]
    assert set(errors) == set(fields), errors
    for sentences in errors.values():
        assert all(isinstance(text, str) and 5 < len(text) < 400 for text in sentences), errors
        assert sentences
    return errors
