"""Events are found by words that Evently makes itself: see `evently.search`.

The new column is filled beside the sale, a thousand rows in a transaction; texts from before
`evently.text` are brought to its rule on the way. The old column stays in the database, without its
index, for servers of the version before that still run; a later version drops it.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, transaction

from evently.search import search_vector
from evently.text import tidy_text

BATCH = 1_000
TEXTS = ("name", "venue", "description")


def make_words(apps, schema_editor):
    events = apps.get_model("events", "Event").objects.using(schema_editor.connection.alias)
    last = None
    while True:
        with transaction.atomic(using=schema_editor.connection.alias):
            rows = events.order_by("pk").only(*TEXTS).select_for_update()
            batch = list(rows.filter(pk__gt=last)[:BATCH] if last else rows[:BATCH])
            for event in batch:
                for name in TEXTS:
                    tidy = tidy_text(getattr(event, name), lines=name == "description")
                    # A name of nothing that can be seen stays: an event needs one.
                    setattr(event, name, tidy or getattr(event, name))
                event.words = search_vector(
                    {"A": event.name, "B": event.venue, "C": event.description}
                )
            events.bulk_update(batch, [*TEXTS, "words"], batch_size=BATCH)
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("events", "0007_price_with_three_decimals")]

    operations = [
        migrations.AddField("event", "words", SearchVectorField(editable=False, null=True)),
        migrations.RunPython(make_words, migrations.RunPython.noop),
        AddIndexConcurrently("event", GinIndex(fields=["words"], name="event_words")),
        RemoveIndexConcurrently("event", "event_search"),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("event", "search")]
        ),
    ]
