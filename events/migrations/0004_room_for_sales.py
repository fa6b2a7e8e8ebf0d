"""Half of each page of the events' table stays free, for the next version of its rows.

Every sale writes an event's row anew. Where there is room for it on the same page the indexes stay as
they are (a "heap-only tuple", PostgreSQL manual, "Heap-Only Tuples"); in a full page each of seven
indexes has to be written as well, the one of words among them. Rows that stand there already get the
room as they move; `VACUUM FULL events_event` would give it to all at once.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0003_rights")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE events_event SET (fillfactor = 50)",
            "ALTER TABLE events_event RESET (fillfactor)",
        ),
    ]
