"""Prices may have three decimals, as those in KWD: see events.0005_price_with_three_decimals."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("waitlist", "0002_offers_stand_a_day")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE waitlist_offer ALTER COLUMN unit_price TYPE numeric",
            "ALTER TABLE waitlist_offer ALTER COLUMN unit_price TYPE numeric(10, 2)",
            state_operations=[
                migrations.AlterField(
                    model_name="offer",
                    name="unit_price",
                    field=models.DecimalField(
                        decimal_places=3, max_digits=11, verbose_name="price of a seat"
                    ),
                )
            ],
        ),
    ]
