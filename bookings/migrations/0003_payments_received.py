"""What organisers received for a booking, and refunds of that alone.

Refunds that were to be paid are no longer: nobody noted that any money came in. A refund that was
paid shows that the total had been received.
"""

from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce


def keep_only_refunds_of_money(apps, schema_editor):
    bookings = apps.get_model("bookings", "Booking").objects.using(schema_editor.connection.alias)
    bookings.filter(refund="due").update(refund="none")
    bookings.filter(refund="done").update(
        amount_received=F("unit_price") * F("quantity"),
        received_at=Coalesce("cancelled_at", "created_at"),
    )


class Migration(migrations.Migration):
    # Each step is committed by itself: none of them holds up a sale.
    atomic = False

    dependencies = [
        ("bookings", "0002_quick_lists"),
        ("events", "0004_room_for_sales"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="amount_received",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                max_digits=17,
                null=True,
                verbose_name="payment received",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="received_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="payment noted at"),
        ),
        AddConstraintNotValid(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_received__gt", 0), ("received_at__isnull", False)),
                    models.Q(("amount_received__isnull", True), ("received_at__isnull", True)),
                    _connector="OR",
                ),
                name="booking_received_something_at_an_instant",
            ),
        ),
        ValidateConstraint(
            model_name="booking", name="booking_received_something_at_an_instant"
        ),
        migrations.RunPython(keep_only_refunds_of_money, migrations.RunPython.noop),
    ]
