"""What the views of pages have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from evently.accounts.models import User
from evently.errors import NotFound

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def page(view: View[Arguments]) -> View[Arguments]:
    """Mark a view as a page: what its use case does not find is answered by the page 404."""

    @wraps(view)
    def answer(
        request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotFound as missing:
            raise Http404(missing.title) from missing

    return answer


def visitor(request: HttpRequest) -> User | None:
    """Who looks at the page; None when nobody is logged in."""
    return request.user if isinstance(request.user, User) else None


def person(request: HttpRequest) -> User:
    """Who looks at a page that only people who are logged in can reach."""
    assert isinstance(request.user, User)
    return request.user
