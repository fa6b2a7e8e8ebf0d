from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):

    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="sales_start_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty: as soon as the event is published.",
                null=True,
                verbose_name="sale starts at",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="sales_end_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty: when the event ends.",
                null=True,
                verbose_name="sale ends at",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=Q(sales_end_at__gt=F("sales_start_at")),
                name="event_sale_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=Q(sales_start_at__lt=F("ends_at")),
                name="event_sale_starts_before_its_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=Q(sales_end_at__lte=F("ends_at")), name="event_sale_ends_by_its_end"
            ),
        ),
    ]
