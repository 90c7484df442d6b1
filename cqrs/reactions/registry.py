"""The reactions that `settings.CQRS` names."""

from cqrs.conf import cached_setting, conf, tables
from cqrs.consumers.partitions import Partitions
from cqrs.database.aliases import WRITE_ALIAS
from cqrs.models import ReactionCheckpoint
from cqrs.reactions.reaction import Effect, Reaction

partitions = Partitions(ReactionCheckpoint, WRITE_ALIAS)


@cached_setting
def reactions() -> tuple[Reaction, ...]:
    """Return every reaction, from the tables named in the settings."""
    return tuple(reaction for table in tables(conf().REACTIONS) for reaction in table)


def transactional() -> list[Reaction]:
    """Return the reactions whose effects are on `default` alone."""
    return [each for each in reactions() if each.effect is Effect.TRANSACTIONAL]
