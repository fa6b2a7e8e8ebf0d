from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is built beside the sale, which goes on.
    atomic = False

    dependencies = [
        ('notifications', '0002_moves_and_reminders_by_start'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='reminder',
            index=models.Index(fields=['event', 'hours'], name='reminder_by_event'),
        ),
    ]
