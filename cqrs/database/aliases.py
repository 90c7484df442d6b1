"""The database aliases: commands write to `default`, queries read from `replica`."""

from django.conf import settings

WRITE_ALIAS = "default"
READ_ALIAS = "replica"
# The same database with a role that may write, where the settings name one.
PROJECTION_ALIAS = "replica_writer" if "replica_writer" in settings.DATABASES else READ_ALIAS
