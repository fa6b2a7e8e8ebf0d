"""Offers stand for a day by default, also on lines that were made with the old default.

Ten minutes that somebody chose stay: the history tells of them.
"""

import django.core.validators
from django.db import migrations, models


def let_offers_stand_a_day(apps, schema_editor):
    alias = schema_editor.connection.alias
    lines = apps.get_model("waitlist", "Waitlist").objects.using(alias)
    changes = apps.get_model("history", "Change").objects.using(alias)
    chosen = changes.filter(subject="waitlist", field="offer_minutes").values("subject_id")
    lines.filter(offer_minutes=10).exclude(pk__in=chosen).update(offer_minutes=24 * 60)


class Migration(migrations.Migration):

    dependencies = [
        ("waitlist", "0001_initial"),
        ("history", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name='waitlist',
            name='gather_minutes',
            field=models.PositiveIntegerField(default=0, help_text='How long seats that are too few for anybody who waits are kept for the first group. 0: they are on sale at once. Then a group that waits is passed over as long as single seats come back: others buy them before there are enough.', validators=[django.core.validators.MaxValueValidator(10080)], verbose_name='minutes to gather seats for a group'),
        ),
        migrations.AlterField(
            model_name='waitlist',
            name='offer_minutes',
            field=models.PositiveIntegerField(default=1440, help_text='At most a third of the time that is left until the event starts, and at least 10 minutes.', validators=[django.core.validators.MinValueValidator(10), django.core.validators.MaxValueValidator(10080)], verbose_name='minutes to accept an offer'),
        ),
        migrations.RunPython(let_offers_stand_a_day, migrations.RunPython.noop),
    ]
