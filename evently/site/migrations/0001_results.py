"""The table of the cache `results`, so that `migrate` is all there is to do.

As Django's `createcachetable` would make it, but unlogged: a crash may empty a cache.
"""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE evently_results (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX evently_results_by_expiry ON evently_results (expires);
            """,
            "DROP TABLE evently_results",
        )
    ]
