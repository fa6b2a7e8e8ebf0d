"""Fields of models and forms for what people write; `evently.text` has the rule.

A field of a model cleans what is stored at every door, also where no form asked: commands, imports
and services. There nothing can be sent back, so what a form would refuse is left out.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from evently.search import search_vector
from evently.text import clean_text, tidy_text

if TYPE_CHECKING:
    AnyField = models.Field[str, str]
    AnyCharField = models.CharField[str, str]
    AnyTextField = models.TextField[str, str]
else:
    AnyField, AnyCharField, AnyTextField = models.Field, models.CharField, models.TextField


class LineInput(forms.CharField):
    """A text of one line, such as a name."""

    lines = False

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return clean_text(text, lines=self.lines) if isinstance(text, str) else text


class ParagraphsInput(LineInput):
    """A text of several lines."""

    lines = True


class _Written(AnyField):
    """What `LineField` and `ParagraphsField` have in common."""

    lines = False

    def deconstruct(self) -> Any:
        """To the database, and so to migrations, it is Django's own field."""
        name, _path, args, options = super().deconstruct()
        return name, f"django.db.models.{'TextField' if self.lines else 'CharField'}", args, options

    def to_python(self, value: Any) -> Any:
        """Called by `full_clean` of a row, before the length is counted."""
        text = super().to_python(value)
        return clean_text(text, lines=self.lines) if isinstance(text, str) else text

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The row in memory shows what is stored."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = tidy_text(value, lines=self.lines)
            setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """For `QuerySet.update`, which asks no row."""
        if isinstance(value, str):
            value = tidy_text(value, lines=self.lines)
        return super().get_db_prep_save(value, connection)


class LineField(_Written, AnyCharField):
    """A text of one line that people write."""

    def formfield(self, **options: Any) -> Any:
        return super().formfield(**{"form_class": LineInput, **options})


class ParagraphsField(_Written, AnyTextField):
    """A text of several lines that people write."""

    lines = True

    def formfield(self, **options: Any) -> Any:
        return super().formfield(**{"form_class": ParagraphsInput, **options})


class WordsField(SearchVectorField):  # type: ignore[type-arg]
    """What a row of a `Searchable` is found by; made anew whenever its texts are saved."""

    def deconstruct(self) -> Any:
        """To the database, and so to migrations, it is Django's own field."""
        name, _path, args, options = super().deconstruct()
        return name, "django.contrib.postgres.search.SearchVectorField", args, options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        assert isinstance(model_instance, Searchable)
        return model_instance.make_words()


class Searchable(models.Model):
    """A row that is found by the words of its texts (`evently.search`).

    `QuerySet.update` makes no words: texts are changed by `save`.
    """

    # Names of fields by the weight of their words, A to D.
    SEARCHED: ClassVar[dict[str, str]]

    words = WordsField(null=True, editable=False)

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:
        """Save the row, and the words of it when its texts are saved."""
        names = options.get("update_fields")
        if names is None:
            self.words = None  # no longer deferred: `WordsField` makes them
        elif self.is_searched(names):
            options["update_fields"] = {*names, "words"}
        super().save(**options)

    @classmethod
    def is_searched(cls, names: Iterable[str]) -> bool:
        """Whether words of the row come from one of these fields."""
        return not set(names).isdisjoint(cls.SEARCHED.values())

    def make_words(self) -> str:
        """The words of the texts, for the column `words`."""
        return search_vector(
            {weight: getattr(self, name) for weight, name in self.SEARCHED.items()}
        )
