"""Pages and answers that are the same for everybody without an account: these may be kept.

A view says so twice: `@public` lets the edge cache (`evently.gateway.edge`) ask it on behalf of
everybody, and `let_edge_keep` says of one answer how long it may be kept and what it shows.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

View = TypeVar("View", bound=Callable[..., Any])
Response = TypeVar("Response", bound=HttpResponse)


def public(**parameters: Collection[str] | None) -> Callable[[View], View]:
    """Mark a view whose answer to GET depends on address, language and `Accept` alone.

    Of a class's view: its `dispatch`, by `method_decorator`.

    Args:
        parameters: those of the address that change the answer. Each with its usual values when
            they are few, or with None when they are any texts. What is asked with usual values is
            kept apart from the rest, so that a flood of invented searches does not displace it. A
            page takes no notice of other parameters, and is kept once whatever they are.
    """

    def mark(view: View) -> View:
        view.public_parameters = parameters  # type: ignore[attr-defined]
        return view

    return mark


def let_edge_keep(
    request: HttpRequest, response: Response, *, tags: Iterable[str], seconds: int
) -> Response:
    """Let caches in front of us keep the answer; browsers ask each time whether theirs still holds.

    Does nothing for a request that carries a cookie or a token: the answer may be for one person.

    Args:
        tags: what it shows, in the words of `evently.purging`.
        seconds: how long, unless one of the tags is purged before.
    """
    if request.COOKIES or "Authorization" in request.headers:
        return response
    response.headers["Surrogate-Control"] = f"max-age={seconds}"
    response.headers["Surrogate-Key"] = " ".join(sorted(tags))
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
