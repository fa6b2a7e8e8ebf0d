"""Organisers are found by words that Evently makes itself: see `evently.search`."""

from django.contrib.postgres.search import SearchVectorField
from django.db import migrations

from evently.search import search_vector


def make_words(apps, schema_editor):
    organisers = apps.get_model("events", "Organiser").objects.using(schema_editor.connection.alias)
    for organiser in organisers.only("name").iterator():
        words = search_vector({"A": organiser.name})
        organisers.filter(pk=organiser.pk, name=organiser.name).update(words=words)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("events", "0008_words")]

    operations = [
        migrations.AddField("organiser", "words", SearchVectorField(editable=False, null=True)),
        migrations.RunPython(make_words, migrations.RunPython.noop),
    ]
