import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import evently.ids


class Migration(migrations.Migration):

    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=evently.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("organiser_id", models.UUIDField()),
                ("event_id", models.UUIDField(null=True)),
                ("subject", models.CharField(max_length=20, verbose_name="what")),
                ("subject_id", models.UUIDField()),
                ("label", models.CharField(max_length=254, verbose_name="its name then")),
                ("field", models.CharField(max_length=50, verbose_name="field")),
                (
                    "before",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                        verbose_name="before",
                    ),
                ),
                (
                    "after",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                        verbose_name="after",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "ordering": ("-at", "-id"),
                "indexes": [
                    models.Index(fields=["organiser_id", "-at", "-id"], name="change_by_organiser"),
                    models.Index(fields=["event_id", "-at", "-id"], name="change_by_event"),
                ],
            },
        ),
    ]
