"""The texts of Evently in other languages: collecting them, and making what Django reads.

`python -m evently.dev.messages` brings `locale/…/django.po` up to date with the
code and templates and writes `django.mo` beside it. Texts of django-unfold's screens are collected
too, as that package has no translations of its own, and those that other packages have in words
that do not go with ours.
"""

import io
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("evently", "events", "bookings", "waitlist", "analytics", "pricing", "notifications")
UNFOLD = (Path(str(files("unfold"))), Path(str(files("unfold"))) / "contrib" / "filters")
LANGUAGES = ("de",)
KEYWORDS: dict[str, Any] = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "_lazy": None,
    "_now": None,
}
# Texts of packages that have no German, or one that says "du", is stiff, or does not go with ours.
REWORDED = (
    # django-allauth
    "Be patient, you are sending too many requests.",
    "Please type your current password.",
    "Too many failed login attempts. Try again later.",
    "You cannot add more than %d email addresses.",
    "You cannot remove your primary email address.",
    "You must type the same password each time.",
    "Your primary email address must be verified.",
    # Django's forms and admin
    "This field is required.",
    "This password is entirely numeric.",
    "This password is too common.",
    "Your password can’t be a commonly used password.",
    "Your password can’t be entirely numeric.",
    "Your password can’t be too similar to your other personal information.",
    "Save and continue editing",
    "Save and add another",
    "After you’ve created a user, you’ll be able to edit more user options.",
    "Conflicting form data submitted. Please try again.",
    "Disable password-based authentication",
    "Disabled",
    "Enable password-based authentication",
    "Enable password-based authentication for this user by setting a password.",
    "Enabled",
    "Password-based authentication",
    "Password-based authentication was disabled.",
    "Raw passwords are not stored, so there is no way to see the user’s password.",
    "Reset password",
    "Set password",
    "Set password: %s",
    "This action will <strong>enable</strong> password-based authentication for this user.",
    (
        "Whether the user will be able to authenticate using a password or not. If disabled, they"
        " may still be able to authenticate using other backends, such as Single Sign-On or LDAP."
    ),
)


def collect() -> Catalog:
    """Every text that can be translated, with the files it stands in."""
    catalog = Catalog(project="Evently", fuzzy=False)
    theirs = _translated_by_django()
    for path, text in _texts():
        own = _is_ours(path)
        for _line, message, comments, context in text:
            if own or message not in theirs:
                where = [(_name(path), 0)]
                catalog.add(message, locations=where, auto_comments=comments, context=context)
    for message in REWORDED:
        catalog.add(message, auto_comments=["Our words for a package's text."])
    return catalog


def catalogue_file(language: str) -> Path:
    """Where the translations of a language are written."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> Catalog:
    path = catalogue_file(language)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> Catalog:
    """Bring a language's file up to date; what is new has an empty translation."""
    catalog = read_catalogue(language)
    catalog.update(collect(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    path = catalogue_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, omit_header=False, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """What Django reads."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """Texts without a translation, or with one that nobody has looked at."""
    return [
        str(message.id)
        for message in catalog
        if message.id and (message.fuzzy or not _is_whole(message.string))
    ]


def main() -> int:
    for language in LANGUAGES:
        missing = untranslated(update(language))
        print(f"{language}: {len(missing)} texts to translate")
        for text in missing:
            print(f"    {text}")
    return 0


def _is_whole(translation: Any) -> bool:
    return all(translation) if isinstance(translation, tuple | list) else bool(translation)


def _texts() -> Iterator[tuple[Path, Iterator[Any]]]:
    for folder in (*(ROOT / package for package in PACKAGES), *UNFOLD):
        for path in _files(folder, "*.py"):
            yield path, _extract(path.read_bytes())
    for folder in (ROOT / "templates", *UNFOLD):
        for path in (*_files(folder, "*.html"), *_files(folder, "*.txt")):
            # Django turns a template into something that reads like Python, but for the indents.
            source = templatize(path.read_text(), origin=path.name)
            yield path, _extract(re.sub(r"^\s+", "", source, flags=re.MULTILINE).encode())


def _files(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder, but for those of unfold's extras that are not named in `UNFOLD`."""
    found = folder.rglob(pattern)
    return sorted(path for path in found if "contrib" not in path.relative_to(folder).parts)


def _extract(source: bytes) -> Iterator[Any]:
    return extract("python", io.BytesIO(source), KEYWORDS, ["Translators:"])


def _key(message: Any) -> Any:
    return tuple(message) if isinstance(message, list) else message


def _name(path: Path) -> str:
    """The file's place in the project, or its name in a package; no lines, they change so often."""
    return str(path.relative_to(ROOT)) if _is_ours(path) else path.name


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(ROOT) and ".venv" not in path.parts


def _translated_by_django() -> set[Any]:
    """Texts that Django's own packages have in the first of our languages."""
    found: set[Any] = set()
    for path in Path(django.__file__).parent.rglob(f"locale/{LANGUAGES[0]}/LC_MESSAGES/django.mo"):
        with path.open("rb") as file:
            found |= {_key(message.id) for message in read_mo(file)}
    return found


if __name__ == "__main__":
    sys.exit(main())
