"""The list of pages is complete: what looks at every page leaves none out."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser.pages import NO_SCREENS, SCREENS, VISITORS_SCREENS

OTHERS = ("admin/", "api/v1/")


def named_addresses(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """The names of all addresses but those of the admin and the API."""
    for pattern in patterns:
        if str(pattern.pattern) in OTHERS:
            continue
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from named_addresses(pattern.url_patterns, inner)
        else:
            assert pattern.name, f"an address without a name: {pattern}"
            yield space + pattern.name


def test_every_address_of_the_site_has_a_screen_or_a_reason_to_have_none() -> None:
    addresses = set(named_addresses(get_resolver().url_patterns))
    shown = {screen.url_name for screen in VISITORS_SCREENS if screen.url_name}
    assert addresses - shown - NO_SCREENS.keys() == set(), "add them to tests/browser/pages.py"
    assert (shown | NO_SCREENS.keys()) - addresses == set(), "these are gone"
    assert shown & NO_SCREENS.keys() == set()


def test_screens_have_names_of_their_own() -> None:
    names = [screen.name for screen in SCREENS]
    assert len(names) == len(set(names))
