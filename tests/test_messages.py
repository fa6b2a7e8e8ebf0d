"""Every text can be translated, and the German catalogue is whole, faithful and compiled."""

import io
import re
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.template.base import Lexer, TokenType

from evently.dev import messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
INFORMAL = re.compile(r"\b(du|dich|dir|dein\w*|euch|euer|eure\w*)\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{2,}")
SAME_EVERYWHERE = {"Evently", "API", "code"}
READ_OUT = {"alt", "aria-label", "aria-description", "label", "placeholder", "title"}
NO_TEXT = {"code", "pre", "script", "style"}
TEMPLATES = sorted(path for path in (messages.ROOT / "templates").rglob("*") if path.is_file())
MAKE = "run `make messages` and translate what it lists"


@pytest.fixture(scope="module")
def german() -> Catalog:
    return messages.read_catalogue("de")


def test_the_catalogue_has_the_texts_of_the_code_and_no_others(german: Catalog) -> None:
    assert keys(messages.collect()) == keys(german), MAKE
    assert not german.obsolete, MAKE


def test_every_text_is_translated(german: Catalog) -> None:
    assert messages.untranslated(german) == [], MAKE


def test_a_translation_has_the_placeholders_of_its_text(german: Catalog) -> None:
    wrong = [
        (source, told)
        for message in texts(german)
        for source, told in zip(forms(message.id), forms(message.string), strict=True)
        if sorted(set(PLACEHOLDER.findall(source))) != sorted(set(PLACEHOLDER.findall(told)))
    ]
    assert wrong == []


def test_the_reader_is_called_sie_and_quotes_are_german(german: Catalog) -> None:
    told = [form for message in texts(german) for form in forms(message.string)]
    assert [form for form in told if INFORMAL.search(form)] == []
    assert [form for form in told if "“" in form and form.count("„") != form.count("“")] == []


def test_the_compiled_catalogue_says_what_its_source_says(german: Catalog) -> None:
    compiled = messages.catalogue_file("de").with_suffix(".mo").read_bytes()
    assert entries(compiled) == entries(messages.compiled(german)), MAKE


def test_what_is_worded_anew_is_a_text_of_a_package() -> None:
    known = {text for package in ("allauth", "django") for text in texts_of_package(package)}
    assert set(messages.REWORDED) - known == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_but_what_is_translated(path: Path) -> None:
    assert untranslatable(path.read_text()) == []


def test_untranslatable_texts_of_a_template_are_found() -> None:
    said = """{% load i18n %}<p title="A title">{% translate "Fine" %}: {{ name }} Words</p>
    {% blocktranslate %}Fine {{ too }}{% endblocktranslate %}<img alt="{% url 'fine' %}">"""
    assert untranslatable(said) == ["A title", "Words"]


def texts(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def keys(catalogue: Catalog) -> set[tuple[str | None, tuple[str, ...]]]:
    return {(message.context, forms(message.id)) for message in texts(catalogue)}


def entries(compiled: bytes) -> dict[Any, tuple[str, ...]]:
    catalogue = read_mo(io.BytesIO(compiled))
    return {(m.context, forms(m.id)): forms(m.string) for m in texts(catalogue)}


def texts_of_package(package: str) -> set[str]:
    spec = find_spec(package)
    assert spec
    assert spec.origin
    return {
        form
        for path in Path(spec.origin).parent.rglob("locale/en/LC_MESSAGES/django.po")
        for message in texts(read_po(io.BytesIO(path.read_bytes())))
        for form in forms(message.id)
    }


def untranslatable(template: str) -> list[str]:
    """Words of a template that stand outside of its tags for translations."""
    plain, is_translated = "", False
    for token in Lexer(template).tokenize():
        if token.token_type is TokenType.BLOCK and "blocktrans" in token.contents.split()[0]:
            is_translated = not token.contents.startswith("end")
        elif token.token_type is TokenType.TEXT and not is_translated:
            plain += token.contents
    reader = Words()
    reader.feed(plain)
    return [text for text in reader.found if set(WORD.findall(text)) - SAME_EVERYWHERE]


class Words(HTMLParser):
    """Collects what a page says: its text, and the attributes that are shown or read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in NO_TEXT
        self.found += [value.strip() for name, value in attrs if name in READ_OUT and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in NO_TEXT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data.strip(" \n:·"))
