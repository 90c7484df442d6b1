from django.core.management.commands import migrate

from config.management.writing import OnWritingAlias


class Command(OnWritingAlias, migrate.Command):
    """Django's `migrate`; of `replica`, through `replica_writer` where there is one."""
