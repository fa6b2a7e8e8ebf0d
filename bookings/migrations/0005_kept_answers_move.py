"""Kept answers of bookings move to the table of all kept answers.

Processes of the release before go on writing to the old table until they are replaced; therefore it
stays, without a model, for the release after this one to drop. Its foreign keys go, so that it
keeps nobody from deleting what it names.
"""

from django.db import migrations

COPY = """
    INSERT INTO idempotency_keptanswer (id, user_id, key, request, answer, created_at)
    SELECT kept.id, kept.user_id, kept.key,
           'book ' || kept.quantity || ' of ' || kept.event_id,
           CASE WHEN kept.booking_id IS NULL THEN jsonb_build_object('refusal', kept.refusal)
           ELSE jsonb_build_object('booking', jsonb_build_object(
               'id', booking.id,
               'reference', booking.reference,
               'event_id', booking.event_id,
               'quantity', booking.quantity,
               'unit_price', booking.unit_price::text,
               'currency', booking.currency,
               'created_at', booking.created_at
           )) END,
           kept.created_at
    FROM bookings_keptanswer AS kept
    LEFT JOIN bookings_booking AS booking ON booking.id = kept.booking_id
    ON CONFLICT DO NOTHING
"""
FREE = """
    DO $$
    DECLARE name text;
    BEGIN
        FOR name IN SELECT conname FROM pg_constraint
            WHERE conrelid = 'bookings_keptanswer'::regclass AND contype = 'f'
        LOOP
            EXECUTE format('ALTER TABLE bookings_keptanswer DROP CONSTRAINT %I', name);
        END LOOP;
    END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0004_price_with_three_decimals'),
        ('idempotency', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RunSQL(FREE, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name='KeptAnswer')],
        ),
    ]
