"""What the views of pages have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from evently.accounts.models import User
from evently.errors import NotFound
from evently.site.failures import method_not_allowed

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def page(view: View[Arguments]) -> View[Arguments]:
    """Mark a view as a page, which also says no as a page.

    What its use case does not find is the page 404; a method it does not take is the page 405.
    """

    @wraps(view)
    def answer(
        request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except NotFound as missing:
            raise Http404(missing.title) from missing
        return method_not_allowed(request, response) if response.status_code == 405 else response

    return answer


def visitor(request: HttpRequest) -> User | None:
    """Who looks at the page; None when nobody is logged in."""
    return request.user if isinstance(request.user, User) else None


def person(request: HttpRequest) -> User:
    """Who looks at a page that only people who are logged in can reach."""
    assert isinstance(request.user, User)
    return request.user
