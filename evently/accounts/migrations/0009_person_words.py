"""People are found by words that Evently makes itself: see `evently.search`.

The new column is filled beside the sale, a thousand rows in a transaction.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, transaction

from evently.search import search_vector

BATCH = 1_000


def make_words(apps, schema_editor):
    people = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    last = None
    while True:
        with transaction.atomic(using=schema_editor.connection.alias):
            rows = people.order_by("pk").only("name", "email").select_for_update(no_key=True)
            batch = list(rows.filter(pk__gt=last)[:BATCH] if last else rows[:BATCH])
            for person in batch:
                person.words = search_vector({"A": person.name, "B": person.email})
            people.bulk_update(batch, ["words"], batch_size=BATCH)
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


class Migration(migrations.Migration):
    # The index is built beside the sale, which goes on.
    atomic = False

    dependencies = [("accounts", "0008_verified_addresses_are_unique")]

    operations = [
        migrations.AddField("user", "words", SearchVectorField(editable=False, null=True)),
        migrations.RunPython(make_words, migrations.RunPython.noop),
        AddIndexConcurrently("user", GinIndex(fields=["words"], name="person_words")),
        RemoveIndexConcurrently("user", "person_by_words"),
    ]
