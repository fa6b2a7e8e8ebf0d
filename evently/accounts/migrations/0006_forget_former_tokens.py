"""Empty the list of tokens as it was before there were families of them.

No program can use what stands there. The two tables stay for processes of the former release that
run on while this one starts; a later release drops them. Their foreign key goes now, as it would
keep people from being deleted.
"""

from django.db import migrations

FORGET = """
DO $$
DECLARE
    held record;
BEGIN
    IF to_regclass('token_blacklist_outstandingtoken') IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM token_blacklist_blacklistedtoken;
    DELETE FROM token_blacklist_outstandingtoken;
    FOR held IN
        SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND confrelid = 'accounts_user'::regclass
            AND conrelid = 'token_blacklist_outstandingtoken'::regclass
    LOOP
        EXECUTE format(
            'ALTER TABLE token_blacklist_outstandingtoken DROP CONSTRAINT %I', held.conname
        );
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [("accounts", "0005_token_families")]

    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
