"""Leave room on the pages of rows that are updated, so that updates need no new index entries."""

from django.db import migrations

ROOM = """
ALTER TABLE orders_stockitem SET (fillfactor = 60);
ALTER TABLE orders_order SET (fillfactor = 85);
"""
NO_ROOM = """
ALTER TABLE orders_stockitem RESET (fillfactor);
ALTER TABLE orders_order RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [migrations.RunSQL(ROOM, NO_ROOM)]
