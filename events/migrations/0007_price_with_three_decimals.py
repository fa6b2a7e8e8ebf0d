"""Prices may have three decimals, as those in KWD; lists by price go by currency.

In the database the column becomes a number without a fixed scale: so no row is written anew while
seats are sold, and nothing is rounded silently. How many decimals an amount has, `evently.money` says.
"""

import django.core.validators
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Indexes are built beside the sale, which goes on.
    atomic = False

    dependencies = [("events", "0006_invitation")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE events_event ALTER COLUMN price TYPE numeric",
            "ALTER TABLE events_event ALTER COLUMN price TYPE numeric(10, 2)",
            state_operations=[
                migrations.AlterField(
                    model_name="event",
                    name="price",
                    field=models.DecimalField(
                        decimal_places=3,
                        default=0,
                        max_digits=11,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="price",
                    ),
                )
            ],
        ),
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                fields=["currency", "price", "id"], name="event_by_currency_and_price"
            ),
        ),
        RemoveIndexConcurrently(model_name="event", name="event_by_price"),
    ]
