from django.db import migrations, models

# What allauth kept until now. Whoever looks after Evently was made so by its operator.
KEEP_VERIFIED = """
    UPDATE accounts_user SET email_verified_at = now()
    WHERE is_staff OR is_superuser OR EXISTS (
        SELECT FROM account_emailaddress AS address
        WHERE address.user_id = accounts_user.id AND address.verified
        AND address.email = accounts_user.email
    )
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_forget_former_tokens'),
        ('account', '0009_emailaddress_unique_primary_email'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='email_verified_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='address verified at'),
        ),
        migrations.RunSQL(KEEP_VERIFIED, migrations.RunSQL.noop),
        # The links that were mailed for these lead nowhere any more: a new one is a click away.
        migrations.RunSQL("DELETE FROM account_emailaddress", migrations.RunSQL.noop),
    ]
