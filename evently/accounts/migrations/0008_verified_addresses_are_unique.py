import evently.accounts.validators
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

ONE_VERIFIED = """
    CREATE UNIQUE INDEX CONCURRENTLY one_verified_account_per_email
    ON accounts_user (email) WHERE email_verified_at IS NOT NULL
"""

ONE_OF_ALL = """
    CREATE UNIQUE INDEX CONCURRENTLY one_account_per_email ON accounts_user (lower(email))
"""


class Migration(migrations.Migration):
    # Indexes are built beside the sale, which goes on; the old ones go when the new ones stand.
    atomic = False

    dependencies = [
        ('accounts', '0007_email_verified_at'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='user',
            index=models.Index(fields=['email'], name='person_by_email'),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    ONE_VERIFIED, "DROP INDEX CONCURRENTLY one_verified_account_per_email"
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name='user',
                    constraint=models.UniqueConstraint(condition=models.Q(('email_verified_at__isnull', False)), fields=('email',), name='one_verified_account_per_email'),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("DROP INDEX CONCURRENTLY one_account_per_email", ONE_OF_ALL),
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name='user', name='one_account_per_email'),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='user',
            name='user_email_unique',
        ),
        migrations.AlterField(
            model_name='user',
            name='name',
            field=models.CharField(blank=True, max_length=150, validators=[evently.accounts.validators.validate_name], verbose_name='name'),
        ),
    ]
