"""Repeated requests: a POST with an Idempotency-Key is done once and gets the same answer again.

The answer is kept in the transaction of what the request changes (`joint_transaction`). How keys
work is said in `docs/decisions/0018-idempotency.md`.
"""

import json
import re
from collections.abc import Callable
from enum import Enum
from functools import wraps
from hashlib import sha256
from typing import Any

from asgi_correlation_id import correlation_id
from django.db import IntegrityError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.problem import CONTENT_TYPE, REPLAYED
from evently.errors import Invalid
from evently.idempotency.errors import IdempotencyMismatch, RequestInProgress
from evently.idempotency.models import KeptAnswer
from evently.idempotency.store import find_answers, hold_key, keep_answers
from evently.transactions import joint_transaction

KEY = r"^[\x21-\x7e]{1,255}$"
KEPT_HEADERS = ("Location", "ETag")
# Refusals that are a judgement on the request as it is. Others are not kept: the caller corrects
# them (400, 403, 404, 412, 422, 428) or simply asks again (429, 503, and what is under way).
KEPT_REFUSALS = {409, 410}

Post = Callable[..., HttpResponse]


class Repeats(Enum):
    """What a view's POST does with an Idempotency-Key."""

    ARE_ANSWERED_AGAIN = "by the view"
    ARE_ANSWERED_BY_THE_SERVICE = "by the service, for a batch of requests"
    ARE_DONE_AGAIN = "the key is ignored: the answer holds secrets, or the caller is unknown"


def idempotency_key(request: Request) -> str | None:
    """
    Raises:
        Invalid: the header cannot be a key.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(KEY, key):
        words = _("Use 1 to 255 letters, digits or signs, no spaces.")
        raise Invalid(**{"Idempotency-Key": words})
    return key


def done_once(post: Post) -> Post:
    """The `post` of a view, done once for each caller and key."""

    @wraps(post)
    def post_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if view.repeats is not Repeats.ARE_ANSWERED_AGAIN or view.caller is None:
            return post(view, request, *args, **kwargs)
        key = idempotency_key(request)
        if key is None:
            return post(view, request, *args, **kwargs)
        return _answer_once(view, request, key, lambda: post(view, request, *args, **kwargs))

    return post_once


def _answer_once(
    view: Any, request: Request, key: str, post: Callable[[], HttpResponse]
) -> HttpResponse:
    person, asked = view.caller.pk, _fingerprint(request)
    with joint_transaction():
        if not hold_key(person, key):
            raise RequestInProgress
        if kept := find_answers([(person, key)]).get((person, key)):
            return _repeat(kept, asked)
        response = _answer(view, post)
        if _is_judgement(response):
            answer = _plain(response)
            _keep(KeptAnswer(user_id=person, key=key, request=asked, answer=answer))
    return response


def _keep(answer: KeptAnswer) -> None:
    answer.created_at = timezone.now()
    try:
        keep_answers([answer])
    except IntegrityError as error:
        # A booking with this key was committed meanwhile; what was done here is undone.
        raise RequestInProgress from error


def _fingerprint(request: Request) -> str:
    """What was asked: method, address and body, byte for byte."""
    http = request._request  # noqa: SLF001 (its body is read once for both)
    digest = sha256(f"{http.method} {http.get_full_path()}\n".encode())
    digest.update(http.body)
    return digest.hexdigest()


def _answer(view: Any, post: Callable[[], HttpResponse]) -> HttpResponse:
    """As `APIView.dispatch` makes one, a refusal as well; a bug goes on and undoes everything."""
    try:
        return post()
    except Exception as error:  # noqa: BLE001 - it is for the view to say which it knows
        response: HttpResponse = view.handle_exception(error)
        return response


def _is_judgement(response: HttpResponse) -> bool:
    if response.status_code in KEPT_REFUSALS:
        return "Retry-After" not in response
    return response.status_code < 300


def _plain(response: HttpResponse) -> dict[str, Any]:
    """The answer as JSON can keep it."""
    if isinstance(response, Response):
        body = b"" if response.data is None else JSONRenderer().render(response.data)
    else:
        body = response.content
    return {
        "status": response.status_code,
        "headers": {name: response[name] for name in KEPT_HEADERS if name in response},
        "language": get_language(),
        "body": body.decode(),
    }


def _repeat(kept: KeptAnswer, asked: str) -> HttpResponse:
    if kept.request != asked:
        raise IdempotencyMismatch
    first = kept.answer
    body, content_type = first["body"], "application/json"
    if first["status"] >= 400:
        body, content_type = _with_request_id(body), CONTENT_TYPE
    response = HttpResponse(body, status=first["status"], content_type=content_type)
    if not body:
        del response["Content-Type"]
    for name, value in {**first["headers"], **REPLAYED}.items():
        response[name] = value
    response["Content-Language"] = first["language"]
    return response


def _with_request_id(problem: str) -> str:
    """The problem with the id of the request that asks now: its header says the same."""
    members = {**json.loads(problem), "request_id": correlation_id.get()}
    return json.dumps({name: value for name, value in members.items() if value is not None})
