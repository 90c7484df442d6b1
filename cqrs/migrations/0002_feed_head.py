"""The one row that counts positions, and storage for tables that change much more than they grow."""

from django.db import migrations

STORAGE = """
-- A queue: every row is soon deleted, and the sequencer would wade through the dead ones.
ALTER TABLE pending SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
-- One row that is updated all the time: room on its page keeps the updates there (HOT).
ALTER TABLE feed_head SET (
    fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000
);
"""
USUAL_STORAGE = """
ALTER TABLE pending RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay
);
ALTER TABLE feed_head RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold
);
"""
FIRST_ROW = "INSERT INTO feed_head (id, position) VALUES (1, 0) ON CONFLICT DO NOTHING"


class Migration(migrations.Migration):
    dependencies = [("cqrs", "0001_initial")]

    operations = [
        migrations.RunSQL(FIRST_ROW, migrations.RunSQL.noop),
        migrations.RunSQL(STORAGE, USUAL_STORAGE),
    ]
