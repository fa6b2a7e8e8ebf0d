"""Parts of pages: QR codes, structured data, the navigation."""

import json
import re
from typing import Any

import pytest
import segno
from django.template import Context, Template
from django.test import Client, RequestFactory
from pytest_django import Settings

from evently.site.templatetags.pieces import qr, structured
from events.models import Role
from tests.makers import add_member, make_organiser, make_user


def drawn_modules(svg: str) -> set[tuple[int, int]]:
    """Where a drawing is dark: columns and rows."""
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", svg)
    return {(int(x) + step, int(y)) for x, y, length in runs for step in range(int(length))}


@pytest.mark.parametrize("text", ["http://testserver/bookings/7K3M9Q2PXA/", "x", "é" * 300])
def test_a_qr_code_has_every_dark_module_and_no_other(text: str) -> None:
    modules = segno.make_qr(text, error="m").matrix
    dark = {(x, y) for y, row in enumerate(modules) for x, bit in enumerate(row) if bit}
    svg = qr(text)
    assert drawn_modules(svg) == dark
    assert f'viewBox="0 0 {len(modules)} {len(modules)}"' in svg


@pytest.mark.parametrize("text", ["</script><script>", "<!--<script>", "&lt;", "سهرة 🎷", "'\"\\"])
def test_structured_data_stays_data(text: str) -> None:
    element = structured({"name": text})
    opening, closing = '<script type="application/ld+json">', "</script>"
    assert element.startswith(opening)
    assert element.endswith(closing)
    inside = element.removeprefix(opening).removesuffix(closing)
    assert not set("<>&") & set(inside)
    assert json.loads(inside) == {"name": text}


def rendered(template: str, path: str) -> str:
    context = Context({"request": RequestFactory().get(path)})
    return Template("{% load pieces %}" + template).render(context)


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/bookings/", '<a href="/bookings/" aria-current="page">Mine</a>'),
        ("/bookings/X/", '<a href="/bookings/">Mine</a>'),
    ],
)
def test_the_navigation_says_where_one_is(path: str, link: str) -> None:
    assert rendered('{% link_to "bookings:mine" "Mine" %}', path) == link


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/?search=a&when=week", "/accounts/login/?next=%2F%3Fsearch%3Da%26when%3Dweek"),
        ("/accounts/signup/", "/accounts/login/"),
    ],
)
def test_whoever_logs_in_comes_back(path: str, address: str) -> None:
    assert rendered('{% way_in "account_login" "Log in" %}', path) == (
        f'<a href="{address}">Log in</a>'
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "is_shown"),
    [("stranger", False), ("visitor", False), ("staff", True), ("viewer", True), ("door", True)],
)
def test_the_admin_is_linked_for_those_who_may_enter(
    client: Client, who: str, is_shown: bool
) -> None:
    if who != "stranger":
        user = make_user(is_staff=who == "staff")
        if who in {"viewer", "door"}:
            add_member(make_organiser(), user, Role(who))
        client.force_login(user)
    page = client.get("/developers/").content.decode()
    assert ('href="/admin/"' in page) is is_shown


@pytest.mark.django_db
def test_languages_are_offered_where_there_are_several(client: Client, settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    page = client.get("/?search=x").content.decode()
    assert '<input type="hidden" name="next" value="/?search=x">' in page
    assert re.search(r'<option value="de"\s+lang="de"\s*>Deutsch</option>', page)
    settings.LANGUAGES = [("en", "English")]
    assert "setlang" not in client.get("/").content.decode()


@pytest.mark.django_db
def test_choosing_a_language_needs_no_script(settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    client = Client(enforce_csrf_checks=True)
    page = client.get("/developers/")
    form: dict[str, Any] = {
        "csrfmiddlewaretoken": page.context["csrf_token"],
        "language": "de",
        "next": "/developers/",
    }
    answer = client.post("/i18n/setlang/", form, follow=True)
    assert answer.redirect_chain == [("/developers/", 302)]
    assert '<html lang="de"' in answer.content.decode()


@pytest.mark.django_db
def test_who_is_logged_in_is_written_to_in_the_language_that_they_chose(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    client.post("/i18n/setlang/", {"language": "de"})
    user.refresh_from_db()
    assert user.language == "de"
    client.post("/i18n/setlang/", {"language": "xx"})
    user.refresh_from_db()
    assert user.language == "de"
