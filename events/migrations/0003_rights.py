import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [("events", "0002_sales_window")]

    operations = [
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[
                    ("owner", "Owner: everything, members too"),
                    ("manager", "Manager: events and bookings"),
                    ("finance", "Finance: bookings, refunds and exports; changes no event"),
                    ("door", "Door: names and references of the booked, nothing else"),
                    ("viewer", "Viewer: looks, changes nothing"),
                ],
                default="viewer",
                max_length=10,
                verbose_name="role",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="only_event",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: all events of the organiser.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="events.event",
                verbose_name="only this event",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=~Q(role="owner") | Q(only_event__isnull=True),
                name="owner_owns_all_events",
            ),
        ),
    ]
