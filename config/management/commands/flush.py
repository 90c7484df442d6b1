from django.core.management.commands import flush

from config.management.writing import OnWritingAlias


class Command(OnWritingAlias, flush.Command):
    """Django's `flush`; of `replica`, through `replica_writer` where there is one."""
