"""Prices may have three decimals, as those in KWD: see events.0005_price_with_three_decimals."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_payments_received")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE bookings_booking ALTER COLUMN unit_price TYPE numeric",
            "ALTER TABLE bookings_booking ALTER COLUMN unit_price TYPE numeric(10, 2)",
            state_operations=[
                migrations.AlterField(
                    model_name="booking",
                    name="unit_price",
                    field=models.DecimalField(
                        decimal_places=3, max_digits=11, verbose_name="price of a seat"
                    ),
                )
            ],
        ),
        # As exact as it was written, like the price that it is compared with.
        migrations.RunSQL(
            "ALTER TABLE bookings_booking ALTER COLUMN amount_received TYPE numeric",
            "ALTER TABLE bookings_booking ALTER COLUMN amount_received TYPE numeric(17, 3)",
        ),
    ]
